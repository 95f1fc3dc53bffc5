"""CSV and TSV files in blocks."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, one_line
from zoo.tables.blocks import Block
from zoo.tables.files import readable

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from pathlib import Path

_READ = 2**22  # bytes at once
_NEWLINE, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]


class CsvReader:
    """Reads a CSV or TSV file with a header in blocks.

    The file is gone through once to see where its rows end, which is quick; each block can then be read by itself.
    Types of the columns are told from the first rows. Only columns that are asked for as numbers are read as such, all
    others stay text as it is written.

    Args:
        path: the file.
        delimiter: between cells.

    Raises:
        InputError: no table.
    """

    row_shape: tuple[int, ...] | None = None

    def __init__(self, path: Path, delimiter: str) -> None:
        import pyarrow as pa
        from pyarrow import csv

        self.path, self._parse = path, csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
        with readable(path):
            try:
                with csv.open_csv(path, parse_options=self._parse) as stream:
                    self.schema = stream.schema
            except pa.ArrowInvalid as error:
                raise InputError(f"{path}: not a table that can be read ({one_line(error)})") from error

    def blocks(self, size: int) -> list[Block]:
        """See `zoo.tables.blocks.Reader`."""
        bounds, rows = self._bounds(size)
        if not rows:
            raise InputError(f"{self.path}: the table has no rows, only a header; export it again")
        return [
            Block(number, number * size, min(size, rows - number * size), start, stop)
            for number, (start, stop) in enumerate(pairwise(bounds))
        ]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str]) -> Generator[Any]:
        """See `zoo.tables.blocks.Reader`."""
        import pyarrow as pa
        from pyarrow import csv

        convert = csv.ConvertOptions(
            column_types={name: pa.float64() if name in numbers else pa.string() for name in columns},
            include_columns=list(columns),
        )
        with readable(self.path), self.path.open("rb") as file:
            for block in blocks:
                file.seek(block.start)
                data = file.read(block.stop - block.start)
                # in one piece, so that the row of a fault is known
                options = csv.ReadOptions(
                    column_names=self.schema.names, use_threads=False, block_size=max(len(data), 1)
                )
                try:
                    table = csv.read_csv(
                        pa.BufferReader(data), read_options=options, parse_options=self._parse, convert_options=convert
                    )
                except pa.ArrowInvalid as error:
                    last = block.first + block.rows - 1
                    raise InputError(
                        f"{self.path}: rows {block.first:,} to {last:,} (from 0, the header not counted): "
                        f"{one_line(error)} (its row numbers start at 1 with row {block.first:,}); repair the row"
                    ) from error
                if table.num_rows != block.rows:
                    raise InputError(
                        f"{self.path}: near row {block.first:,} a double quote stands inside of a cell that is not in "
                        'quotes; write the cell "like ""this"""'
                    )
                yield table

    def _bounds(self, size: int) -> tuple[list[int], int]:
        """The bytes at which blocks start, and the end of the last; how many rows there are."""
        bounds: list[int] = []
        lines, end = 0, 0  # lines that are not empty, the header included
        for ends in self._line_ends():
            bounds.extend(ends[-lines % size :: size].tolist())  # the header ends where block 0 starts
            lines += len(ends)
            end = int(ends[-1]) if len(ends) else end
        rows = max(lines - 1, 0)
        if bounds and bounds[-1] == end:
            bounds.pop()
        return [*bounds, end], rows

    def _line_ends(self) -> Iterator[Any]:
        """The bytes after the lines that are not empty, in pieces; a line may hold line breaks in quotes."""
        position, start, odd = 0, 0, False
        before = 0
        with readable(self.path), self.path.open("rb") as file:
            while data := file.read(_READ):
                codes = np.frombuffer(data, np.uint8)
                at = np.flatnonzero(codes == _NEWLINE)
                if odd or b'"' in data:
                    quotes = np.flatnonzero(codes == _QUOTE)
                    at = at[(np.searchsorted(quotes, at) + odd) % 2 == 0]
                    odd = bool((len(quotes) + odd) % 2)
                lengths = np.diff(np.concatenate([[start - position], at + 1]))
                previous = np.where(at > 0, codes[at - 1], before)
                there = (lengths > 2) | ((lengths == 2) & (previous != _RETURN))
                if len(at):
                    start = position + int(at[-1]) + 1
                before = data[-1]
                position += len(data)
                yield position - len(data) + at[there] + 1
        if position > start and not (position - start == 1 and before == _RETURN):
            yield np.asarray([position])
