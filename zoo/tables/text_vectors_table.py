"""word2vec's, GloVe's and fastText's text format."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, OptionsError
from zoo.tables.files import readable
from zoo.tables.lines_table import LinesTable

if TYPE_CHECKING:
    from collections.abc import Collection

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Block

KEY, VECTOR = "key", "vector"
_LONGEST_LINE = 2**22  # bytes read at once of a file that may not be text at all
_PROBED = 100  # lines that tell how wide vectors are whose keys may hold spaces
_SPACED = ", or say data.token_spaces=true if keys hold spaces"


class TextVectorsTable(LinesTable):
    """A key and `width` numbers a line, with one space between any two, as the columns `key` and `vector`.

    The first line may be "rows width" (word2vec, fastText) or already a row (GloVe). All rows are read, also where the
    first line says fewer.

    Args:
        source: the file.
        token_spaces: whether keys may hold spaces: then a line's last `width` pieces are its numbers.

    Raises:
        InputError: a line (its number is named) that is not a key and `width` numbers in UTF-8, or a file that ends
            too early.
    """

    def __init__(self, source: ByteSource, *, token_spaces: bool = False) -> None:
        super().__init__(source)
        import pyarrow as pa

        self._spaces = token_spaces
        self._promised, width = self._header()
        self._width = width if width is not None else self._width_of_rows()
        self.schema = pa.schema([pa.field(KEY, pa.string()), pa.field(VECTOR, pa.list_(pa.float32(), self._width))])
        self.rows = self._promised

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        found = super().blocks(size, limit)
        rows = found[-1].first + found[-1].rows
        if self._promised is None:
            return found
        if rows < min(self._promised, limit or self._promised):
            list(self.read(found, ()))  # a fault on the way is the better reason
            raise InputError(
                f"{self.name}: its first line promises {self._promised:,} vectors, but the file ends after {rows:,}; "
                "it is cut off, download it again (or correct its first line)"
            )
        if rows > self._promised:
            self.notes = (f"The first line says {self._promised:,} vectors, but there are more; all were read.",)
        return found

    def _header(self) -> tuple[int | None, int | None]:
        """Rows and width where the first line states them."""
        with readable(self.name), self.source.open() as file:
            file.seek(self._start)
            lines = file.read(_LONGEST_LINE).split(b"\n", 2)
        first, second = lines[0].split(), lines[1].split() if len(lines) > 1 else []
        if not first and not second:
            raise InputError(f"{self.name}: the file holds no vectors; download or export it again")
        if len(first) != 2 or not all(token.isdigit() for token in first):
            return None, None
        rows, width = int(first[0]), int(first[1])
        # "7 1" above "8 0": whole numbers as keys of a table one number wide.
        if len(second) == 2 and width != 1:
            return None, None
        self._start += len(lines[0]) + 1
        return rows, width

    def _width_of_rows(self) -> int:
        lines = self._first_rows().split(b"\n", _PROBED)[:_PROBED]
        widths = [len(line.rstrip().split(b" ")) - 1 for line in lines if line.strip()]
        return Counter(widths).most_common(1)[0][0] if self._spaces else widths[0]

    def _parsed(self, data: bytes, block: Block, columns: Collection[str], numbers: Collection[str]) -> Any:
        del numbers
        import pyarrow as pa

        keys, vectors = self._fast(data, block) or self._slow(data, block)
        if not self._width:
            raise InputError(
                f"{self.name}: the vectors have width 0: no numbers follow the first key after a space; export the "
                "file again, or, if it is a table, say what is between its cells, such as delimiter=comma"
            )
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then reported as such
            flat = pa.array(vectors.astype(np.float32).reshape(-1))
        listed = pa.FixedSizeListArray.from_arrays(flat, type=self.schema.field(VECTOR).type)
        table = pa.table({KEY: keys, VECTOR: listed}, schema=self.schema)
        return table.select(list(columns))

    def _fast(self, data: bytes, block: Block) -> tuple[Any, Any] | None:
        """Keys and vectors by Arrow's reader; None where it stumbles."""
        import pyarrow as pa
        from pyarrow import csv

        if self._spaces or not self._width:
            return None
        names = [KEY, *map(str, range(self._width))]
        plain = data.replace(b" \n", b"\n").replace(b" \r\n", b"\n")
        try:
            table = csv.read_csv(
                pa.BufferReader(plain.removesuffix(b" ")),
                csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
                csv.ParseOptions(delimiter=" ", quote_char=False, ignore_empty_lines=False),
                csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.float64()) | {KEY: pa.string()}, null_values=[]
                ),
            )
        except pa.ArrowInvalid:
            return None
        if table.num_rows != block.rows:
            return None
        vectors = np.empty((table.num_rows, self._width))
        for place, name in enumerate(names[1:]):
            vectors[:, place] = table.column(name).to_numpy()
        return table.column(KEY).combine_chunks(), vectors

    def _slow(self, data: bytes, block: Block) -> tuple[Any, Any]:
        """Keys and vectors line by line; names the line that is at fault."""
        import pyarrow as pa

        first = block.first + (1 if self._promised is None else 2)
        keys, vectors = [], np.empty((block.rows, self._width))
        for place, line in enumerate(data.removesuffix(b"\n").split(b"\n")):
            fault = self._fault(line)
            if fault and fault.endswith(_SPACED):
                raise OptionsError(f"{self.name}, line {first + place}: {fault}", token_spaces=True)
            if fault:
                raise InputError(f"{self.name}, line {first + place}: {fault}")
            cells = line.rstrip().decode().rsplit(" ", self._width)
            keys.append(cells[0])
            vectors[place] = [float(cell) for cell in cells[1:]]
        return pa.array(keys, pa.string()), vectors

    def _fault(self, line: bytes) -> str:
        """What is wrong with a line; nothing: an empty text."""
        stripped = line.rstrip()
        if not stripped:
            return "the line is empty; delete it"
        try:
            text = stripped.decode()
        except UnicodeDecodeError as error:
            bad = stripped[error.start : error.start + 4]
            return (
                f"byte {error.start} is not UTF-8 ({bad!r}); convert the file to UTF-8, or, if it is not text at all: "
                "word2vec binary must end in .bin, gensim's own format in .kv or .model"
            )
        cells = (text.rsplit(" ", self._width) if self._spaces else text.split(" "))[1:]
        if not self._width and not cells and "\t" in text:
            return "no numbers after the key; numbers are separated by one space"
        if len(cells) != self._width:
            return (
                f"{len(cells)} numbers after the key, expected {self._width}; numbers are separated by one space, and "
                f"a key holds none: correct or delete the line{self._spaced}"
            )
        return next((fault for place, cell in enumerate(cells, 1) if (fault := self._number_fault(place, cell))), "")

    @property
    def _spaced(self) -> str:
        return "" if self._spaces else _SPACED

    def _number_fault(self, place: int, cell: str) -> str:
        try:
            float(cell)
        except ValueError:
            return f"number {place} of {self._width} is {cell[:40]!r}; correct or delete the line{self._spaced}"
        return ""
