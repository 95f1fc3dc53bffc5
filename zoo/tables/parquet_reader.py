"""Parquet files in blocks."""

from __future__ import annotations

from collections import deque
from itertools import groupby
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.tables.blocks import Block
from zoo.tables.parquet_file import open_parquet

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence
    from pathlib import Path


class ParquetReader:
    """Reads a Parquet file in blocks: pieces of a large row group, or several small ones together.

    Args:
        path: the file.

    Raises:
        InputError: not a Parquet file.
    """

    row_shape: tuple[int, ...] | None = None

    def __init__(self, path: Path) -> None:
        self.path = path
        with open_parquet(path) as file:
            self.schema = file.schema_arrow.remove_metadata()
            self._sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]

    def blocks(self, size: int) -> list[Block]:
        """See `zoo.tables.blocks.Reader`."""
        blocks: list[Block] = []
        group, first = 0, 0
        while group < len(self._sizes):
            rows, stop = self._sizes[group], group + 1
            while stop < len(self._sizes) and rows + self._sizes[stop] <= size:
                rows += self._sizes[stop]
                stop += 1
            for skip in range(0, rows, size):
                piece = min(size, rows - skip)
                blocks.append(Block(len(blocks), first + skip, piece, group, stop, skip))
            group, first = stop, first + rows
        if not blocks:
            raise InputError(f"{self.path}: the table has no rows; export it again")
        return blocks

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str]) -> Generator[Any]:
        """See `zoo.tables.blocks.Reader`."""
        del numbers
        size = max((block.rows for block in blocks), default=1)
        with open_parquet(self.path) as file:
            for _, same in groupby(blocks, key=lambda block: block.start):
                pieces = list(same)
                groups = list(range(pieces[0].start, pieces[0].stop))
                stream = _Stream(file.iter_batches(size, row_groups=groups, columns=list(columns)), self.path)
                for block in pieces:
                    stream.skip_to(block.skip)
                    yield stream.take(block.rows)


class _Stream:
    """Batches of any size, cut anew."""

    def __init__(self, batches: Iterator[Any], path: Path) -> None:
        self._batches, self._path = batches, path
        self._held: deque[Any] = deque()
        self._position = 0

    def skip_to(self, position: int) -> None:
        """Drops the rows before a position."""
        while self._position < position:
            self._piece(position - self._position)

    def take(self, rows: int) -> Any:
        """The next rows, as a table."""
        import pyarrow as pa

        pieces = []
        while rows:
            pieces.append(self._piece(rows))
            rows -= pieces[-1].num_rows
        return pa.Table.from_batches(pieces)

    def _piece(self, most: int) -> Any:
        """The next rows, at least one of them and at most so many."""
        while not self._held:
            batch = next(self._batches, None)
            if batch is None:
                raise InputError(f"{self._path}: it holds fewer rows than it says; write or download it again")
            if batch.num_rows:
                self._held.append(batch)
        batch = self._held.popleft()
        if batch.num_rows > most:
            self._held.appendleft(batch.slice(most))
            batch = batch.slice(0, most)
        self._position += batch.num_rows
        return batch
