"""CSV and TSV files."""

from __future__ import annotations

import csv as python_csv
import io
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, OptionsError, one_line
from zoo.tables.cells import whole
from zoo.tables.lines_table import LinesTable
from zoo.tables.table import require_names
from zoo.tables.text_cells import are_numbers, has_decimal_comma, is_missing, kind_of
from zoo.tables.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.options import Options
    from zoo.tables.table import Block

_MARKS = (";", "\t", "|", ",")
_YEARS = range(1900, 2101)  # that a column may be called
_FORMATS = {
    b"\x1f\x8b": "packed with gzip; rename it to end in .gz",
    b"\x28\xb5\x2f\xfd": "packed with zstd; rename it to end in .zst",
    b"BZh": "packed with bzip2; rename it to end in .bz2",
    b"PK\3\4": "a zip file, as spreadsheets are (.xlsx, .ods); save the sheet as CSV, or unpack it",
    b"PAR1": "Parquet; rename it to end in .parquet",
    b"\x93NUMPY": "NumPy's; rename it to end in .npy",
}
_PROBED = 50  # rows that tell which mark parts cells


class DelimitedTable(LinesTable):
    """A CSV or TSV file, also packed, at a URL, or in another encoding.

    Types of the columns are told from the first rows. Only columns that are asked for as numbers are read as such, all
    others stay text as it is written.

    Whether there is a header is seen by its names: a name with a fraction above numbers is no name. Columns of a file
    without one are called column_0, column_1, ..

    Args:
        source: the file.
        delimiter: what its ending says is between cells.
        options: what the user says.

    Attributes:
        has_header: whether the first row names the columns.
        decimal: the mark before fractions.

    Raises:
        InputError: no table, or one that can be read in several ways; the message says what to say.
    """

    def __init__(self, source: ByteSource, delimiter: str, options: Options) -> None:
        super().__init__(source)
        from pyarrow import csv

        self._options, self._delimiter = options, options.delimiter or delimiter
        self.delimiter = self._delimiter.encode()
        self.decimal = options.decimal or "."
        head = self._first_rows()
        self._refuse_other_text(head)
        if options.delimiter is None:
            self._refuse_other_delimiter(head)
        self._broken: list[Any] = []
        self._parse = csv.ParseOptions(
            delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=self._keep_broken
        )
        self.has_header = True
        sample = self._table(head, None, {})
        self.has_header, names, self.notes = self._header(sample)
        self._start += self._bytes_of_first_row(head) if self.has_header else 0
        sample = sample.rename_columns(names).slice(1 if self.has_header else 0)
        self.schema = _typed(sample, self.decimal)
        self._refuse_repeated()

    def _refuse_repeated(self) -> None:
        try:
            require_names(self)
        except InputError as error:
            raise InputError(
                f"{error}; or, if the first row holds no names, say {self._options.saying(header='false')}"
            ) from None

    def _parsed(self, data: bytes, block: Block, columns: Collection[str], numbers: Collection[str]) -> Any:
        import pyarrow as pa

        types = {name: pa.float64() if name in numbers else pa.string() for name in columns}
        try:
            table = self._table(data, self.schema.names, types, list(columns), block.first)
        except pa.ArrowInvalid as error:
            raise self._no_number(data, block, sorted(numbers), error) from error
        if table.num_rows != block.rows:
            raise InputError(
                f"{self.name}: near row {block.first:,} a double quote stands inside of a cell that is not in "
                'quotes; write the cell "like ""this"""'
            )
        return table

    def _table(
        self,
        data: bytes,
        names: Sequence[str] | None,
        types: dict[str, Any],
        columns: Sequence[str] | None = None,
        first: int = -1,
    ) -> Any:
        """Rows as a `pyarrow.Table`; without names, all as text in columns f0, f1, .."""
        import pyarrow as pa
        from pyarrow import csv

        self._broken.clear()
        # in one piece and one thread, so that the row of a fault is known
        read = csv.ReadOptions(
            column_names=names,
            autogenerate_column_names=names is None,
            use_threads=False,
            block_size=max(len(data), 1),
        )
        convert = csv.ConvertOptions(column_types=types, include_columns=columns, decimal_point=self.decimal)
        if names is None:
            convert.column_types = {f"f{place}": pa.string() for place in range(self._cells_of_first_row(data))}
        try:
            return csv.read_csv(pa.BufferReader(data), read, self._parse, convert)
        except pa.ArrowInvalid as error:
            if "conversion error" in str(error) and "UTF8" not in str(error):
                raise
            if "UTF8" in str(error):
                raise self._not_utf8(error) from error
            raise InputError(self._fault(error, first)) from error

    def _fault(self, error: Exception, first: int) -> str:
        if self._broken:
            row = self._broken[0]
            number = row.number + first + (1 if self.has_header else 0)
            what = "the header has" if self.has_header else "the first one has"
            place = (
                "the header is row 1, empty lines do not count" if self.has_header else "from 1, without empty lines"
            )
            return (
                f"{self.name}: row {number:,} has {row.actual_columns} cells, but {what} {row.expected_columns} "
                f'({place}); repair the row, and put cells that hold the separator in double quotes, "like, this"'
                f"{'' if self._options.prefix else '; if each line is a basket, say lines=true'}"
            )
        if "Empty CSV" in str(error):
            return f"{self.name}: the file holds nothing but empty lines; export it again"
        return f"{self.name}: not a table that can be read ({one_line(error)}); export it again"

    def _not_utf8(self, error: Exception) -> OptionsError:
        return OptionsError(
            f"{self.name}: not UTF-8 ({one_line(error)}); save it as UTF-8, or say which encoding it is in, such as "
            f"{self._options.saying(encoding='latin-1')} or {self._options.saying(encoding='cp1252')}",
            encoding="cp1252",
        )

    def _no_number(self, data: bytes, block: Block, numbers: Sequence[str], error: Exception) -> InputError:
        """Which cell it was that is no number."""
        import pyarrow as pa
        import pyarrow.compute as pc

        texts = self._table(data, self.schema.names, dict.fromkeys(numbers, pa.string()), numbers, block.first)
        for name in numbers:
            column = texts.column(name).combine_chunks()
            wrong = pc.index(pc.or_(are_numbers(column, self.decimal), is_missing(column)), False).as_py()
            if wrong >= 0:
                return InputError(
                    f"{self.name}: column '{name}', row {block.first + wrong:,} (from 0, the header not counted): "
                    f"{column[wrong].as_py()!r} is not a number; repair it or leave the column out"
                    f"{self._comma_hint([column[wrong].as_py()])}"
                )
        return InputError(f"{self.name}: not a table that can be read ({one_line(error)}); export it again")

    def _comma_hint(self, cells: Sequence[str]) -> str:
        if self.decimal == "." and any(has_decimal_comma(cell) for cell in cells):
            return f"; a comma before the fraction is read with {self._options.saying(decimal=',')}"
        return ""

    def _keep_broken(self, row: Any) -> str:
        self._broken.append(row)
        return "error"

    def _nothing(self) -> str:
        if not self.has_header:
            return "the table has no rows"
        return f"the table has no rows, only a header with the columns {listed(self.schema.names)}"

    # What kind of text it is

    def _refuse_other_text(self, head: bytes) -> None:
        if not head.strip():
            raise InputError(
                f"{self.name}: not a table that can be read: the file holds nothing but empty lines; export it again"
            )
        packed = next((what for start, what in _FORMATS.items() if head.startswith(start)), None)
        if packed is not None:
            raise InputError(f"{self.name}: is no text, but {packed}")
        if b"\0" in head[:4096]:
            raise OptionsError(
                f"{self.name}: holds bytes of 0, so it is not text in UTF-8; if it is text of a spreadsheet, say "
                f"{self._options.saying(encoding='utf-16-le')} (or utf-16-be), else export it again",
                encoding="utf-16-le",
            )

    def _first_cells(self, head: bytes, rows: int, delimiter: str) -> list[list[str]]:
        text = io.StringIO(head[:65_536].decode(errors="replace"), newline="")
        cells = []
        try:
            for row in python_csv.reader(text, delimiter=delimiter):
                if row:
                    cells.append(row)
                if len(cells) > rows:
                    break
        except python_csv.Error:
            return []
        return cells[:rows]

    def _cells_of_first_row(self, data: bytes) -> int:
        rows = self._first_cells(data, 1, self._delimiter)
        longest = data[: data.find(b"\n") if b"\n" in data else len(data)].count(self._delimiter.encode()) + 1
        return max(len(rows[0]) if rows else 1, longest)

    def _bytes_of_first_row(self, head: bytes) -> int:
        ends = self._ends_of(head)
        return int(ends[0]) if len(ends) else len(head)

    def _refuse_other_delimiter(self, head: bytes) -> None:
        """Raises InputError where another mark than the ending's parts the cells."""
        rows = self._first_cells(head, _PROBED, self._delimiter)
        for mark in (mark for mark in _MARKS if mark != self._delimiter):
            if rows and mark in "".join(rows[0]) and self._is_parted_by(mark, head, rows):
                raise self._other_delimiter(mark, rows, self._first_cells(head, _PROBED, mark))

    def _is_parted_by(self, mark: str, head: bytes, rows: Sequence[Sequence[str]]) -> bool:
        if len(rows[0]) == 1:
            return True
        parted = self._first_cells(head, _PROBED, mark)
        if len(rows) < 2 or len({len(row) for row in parted}) != 1 or len(parted[0]) == 1:
            return False
        torn = all(any(mark in cell for cell in row) for row in rows)
        numbers = all(has_decimal_comma(cell) or _is_number(cell, ".") for row in parted for cell in row if cell)
        return torn and (numbers or len({len(row) for row in rows}) > 1)

    def _other_delimiter(
        self, mark: str, rows: Sequence[Sequence[str]], parted: Sequence[Sequence[str]]
    ) -> OptionsError:
        what = "a tab" if mark == "\t" else f"'{mark}'"
        cells = [cell for row in parted[1:] for cell in row]
        comma = mark != "," and any(has_decimal_comma(cell) for cell in cells)
        values = {"delimiter": mark} | ({"decimal": ","} if comma else {})
        found = f"the header is a single cell, {rows[0][0]!r}, so " if len(rows[0]) == 1 else ""
        return OptionsError(
            f"{self.name}: {found}{what} seems to part the cells; say {self._options.saying(**values)}, or export it "
            "with commas as .csv, or with tabs as .tsv",
            **values,
        )

    # The header

    def _header(self, sample: Any) -> tuple[bool, list[str], tuple[str, ...]]:
        """Whether the first row is one, the columns' names, and a note."""
        first = [(cell or "").strip() for cell in (column[0].as_py() for column in sample.columns)]
        numbered = [f"column_{place}" for place in range(len(first))]
        if self._options.header is not None:
            return self._options.header, first if self._options.header else numbered, ()
        below = [kind_of(whole(column).slice(1), self.decimal).name for column in sample.columns]
        above = [cell for cell, kind in zip(first, below, strict=True) if kind == "numbers" and cell]
        if not above or sample.num_rows < 2 or not all(_is_number(cell, self.decimal) for cell in above):
            return True, first, ()
        if _count_up(above):
            return True, first, ()
        shown = ", ".join(first[:4]) + (", .." if len(first) > 4 else "")
        if all(cell.isdigit() for cell in above) and len(set(above)) == len(above):
            raise OptionsError(
                f"{self.name}: its first row, {shown}, may name the columns or be a row of numbers; say "
                f"{self._options.saying(header='true')} or {self._options.saying(header='false')}, or write a row of "
                "names above it",
                header=False,
            )
        return (
            False,
            numbered,
            (
                f"The first row, {shown}, is numbers and names no columns, so they are called column_0, ..; "
                f"{self._options.saying(header='true')} takes it for names.",
            ),
        )


def _typed(sample: Any, decimal: str) -> Any:
    """The columns' types as the first rows tell them: of numbers, of text, or null where all cells are empty."""
    import pyarrow as pa

    types = {"numbers": pa.float64(), "empty": pa.null()}
    fields = []
    for name, column in zip(sample.column_names, sample.columns, strict=True):
        kind = kind_of(whole(column), decimal)
        fields.append(pa.field(name, pa.int64() if kind.whole else types.get(kind.name, pa.string())))
    return pa.schema(fields)


def _is_number(cell: str, decimal: str) -> bool:
    import pyarrow as pa

    return bool(are_numbers(pa.array([cell]), decimal)[0].as_py())


def _count_up(names: Sequence[str]) -> bool:
    """Whether names are whole numbers one after another, as pandas names columns, or years; one alone: 0 or a year."""
    if not all(name.isdigit() for name in names):
        return False
    first = int(names[0])
    if len(names) == 1 and first != 0 and first not in _YEARS:
        return False
    return [int(name) for name in names] == list(range(first, first + len(names)))
