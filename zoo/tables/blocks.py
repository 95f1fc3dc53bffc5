"""Blocks of rows: what is read, encoded and kept at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence
    from pathlib import Path

_NUMBERS = 2**22  # that a block of rows holds: 16 MiB
_MOST = 32_768  # rows of a block; the encoder takes 8,192 at a time


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a file, which can be read without the rows before them.

    Attributes:
        number: of the block, from 0.
        first: the number of its first row in the file, from 0.
        rows: how many it has.
        start: where it starts: a byte, or a row group of a Parquet file.
        stop: where it stops, exclusive.
        skip: rows of its row group that belong to the blocks before.
    """

    number: int
    first: int
    rows: int
    start: int
    stop: int
    skip: int = 0


class Reader(Protocol):
    """Reads a table in blocks.

    Attributes:
        path: the file.
        schema: the columns, a `pyarrow.Schema`.
        row_shape: of a file that holds one array and no named columns, the shape of a row; otherwise None.
    """

    path: Path
    schema: Any
    row_shape: tuple[int, ...] | None

    def blocks(self, size: int) -> list[Block]:
        """All of the file's rows, in blocks of at most `size`.

        Raises:
            InputError: a file without rows, or damaged.
        """

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str]) -> Generator[Any]:
        """A `pyarrow.Table` of each block; blocks in rising order that follow each other are read in one go.

        Args:
            blocks: some of the file's blocks.
            columns: to read, at least.
            numbers: those of them that hold a number in each row: a CSV file does not say so.

        Raises:
            InputError: rows that cannot be read.
        """


def rows_of_block(width: int) -> int:
    """How many rows of so many numbers make a block."""
    return max(1, min(_MOST, _NUMBERS // max(width, 1)))
