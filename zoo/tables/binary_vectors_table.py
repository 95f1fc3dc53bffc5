"""word2vec's binary format."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.files import readable
from zoo.tables.table import Block
from zoo.tables.text_vectors_table import KEY, VECTOR

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from zoo.tables.byte_source import ByteSource

_OF_NUMBERS_IN_TEXT = frozenset(b"0123456789.-+eE \r\n\t")
_SAMPLE = 4096
_READ = 2**22


class BinaryVectorsTable:
    """A line "rows width", then each key, a space and `width` float32, as the columns `key` and `vector`.

    All rows are read, also where the first line says fewer.

    Args:
        source: the file.

    Raises:
        InputError: another format under this name, a file that ends too early, or keys that are not UTF-8.
    """

    row_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, source: ByteSource) -> None:
        import pyarrow as pa

        self.source, self.name = source, source.name
        with readable(self.name), source.open() as file:
            sample = file.read(2 * _SAMPLE)
        self._rows, self._width, self._start = self._header(sample)
        self.rows: int | None = self._rows
        self.schema = pa.schema([pa.field(KEY, pa.string()), pa.field(VECTOR, pa.list_(pa.float32(), self._width))])

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self.source.identity()

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        wanted = self._rows if limit is None else min(self._rows, limit)
        promise = f"{self.name}: its first line promises {self._rows:,} vectors of {self._width} float32, but the file "
        holds = self.source.size() // (4 * self._width + 1)
        if holds < wanted and not self.source.packed:
            raise InputError(f"{promise}ends after at most {holds:,}; it is cut off, download it again")
        bounds, rows, whole = self._bounds(size, limit)
        if rows < wanted:
            raise InputError(f"{promise}ends before vector {wanted:,}; it is cut off, download it again")
        if not whole:
            raise InputError(f"{promise}ends with bytes that are no vector, after {rows:,}; download it again")
        if rows > self._rows:
            self.notes = (f"The first line says {self._rows:,} vectors, but there are more; all were read.",)
        if limit is None:
            self.rows = rows
        return [
            Block(number, number * size, min(size, rows - number * size), start, stop, task=start)
            for number, (start, stop) in enumerate(pairwise(bounds))
        ]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del numbers
        import pyarrow as pa

        with readable(self.name), self.source.open() as file:
            for block in blocks:
                file.seek(block.start)
                keys, vectors = self._parsed(file.read(block.stop - block.start), block.rows)
                listed = pa.FixedSizeListArray.from_arrays(
                    pa.array(vectors.reshape(-1)), type=self.schema.field(VECTOR).type
                )
                yield pa.table({KEY: pa.array(keys), VECTOR: listed}, schema=self.schema).select(list(columns))

    def _bounds(self, size: int, limit: int | None) -> tuple[list[int], int, bool]:
        """The bytes at which blocks start, and the end of the last; how many rows, and whether the last is whole."""
        bounds, rows, last, whole = [self._start], 0, self._start, True
        with readable(self.name), self.source.open() as file:
            file.seek(self._start)
            for last, whole in self._stops(file):
                if not whole:
                    break
                rows += 1
                if rows % size == 0 or rows == limit:
                    bounds.append(last)
                if rows == limit:
                    break
        return bounds if bounds[-1] == last else [*bounds, last], rows, whole

    def _stops(self, file: Any) -> Iterator[tuple[int, bool]]:
        """The byte after each vector, and whether it is whole; what may follow it, an end of line, is not counted."""
        held, position, bytes_of_row = b"", self._start, 4 * self._width
        while True:
            place = 0
            while (space := held.find(b" ", place)) >= 0 and space + 1 + bytes_of_row <= len(held):
                place = space + 1 + bytes_of_row
                yield position + place, True
            held, position = held[place:], position + place
            more = file.read(max(_READ, bytes_of_row))
            if not more:
                break
            held += more
        if held.strip(b"\r\n"):
            yield position + len(held), False

    def _parsed(self, data: bytes, rows: int) -> tuple[list[str], Any]:
        keys: list[str] = []
        vectors = np.empty((rows, self._width), np.float32)
        place = 0
        for row in range(rows):
            space = data.index(b" ", place)
            keys.append(self._key(data[place:space].lstrip(b"\r\n")))
            place = space + 1 + 4 * self._width
            vectors[row] = np.frombuffer(data, "<f4", self._width, space + 1)
        return keys, vectors

    def _key(self, data: bytes) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.name}: the key {data[:40]!r} is not UTF-8; a damaged file, or one in another encoding: read it "
                "with gensim's KeyedVectors.load_word2vec_format(.., binary=True, encoding=..) and save it again"
            ) from error

    def _header(self, sample: bytes) -> tuple[int, int, int]:
        """Rows, width, and the byte of the first row."""
        line = sample[: sample.find(b"\n") + 1 or _SAMPLE]
        sizes = line.split()
        if len(sizes) != 2 or not all(size.isdigit() for size in sizes):
            raise InputError(
                f"{self.name}: expected word2vec binary, whose first line is 'rows width', found {line[:40]!r}; text "
                "must end in .txt or .vec, gensim's own format in .kv; of fastText's models, load the .vec file "
                "instead of the .bin"
            )
        rows, width = int(sizes[0]), int(sizes[1])
        if not rows or not width:
            raise InputError(
                f"{self.name}: its first line promises {rows} vectors of width {width}: no table to train on"
            )
        rest = sample[len(line) :]
        # Text read as binary would give rows of nonsense instead of an error.
        if rest and sum(byte in _OF_NUMBERS_IN_TEXT for byte in rest) > 0.6 * len(rest):
            raise InputError(
                f"{self.name}: the vectors are written as text, not binary; rename the file to end in .txt or .vec"
            )
        return rows, width, len(line)
