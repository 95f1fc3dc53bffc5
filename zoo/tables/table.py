"""What a table is, wherever it lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from zoo.errors import InputError
from zoo.tables.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

_NUMBERS = 2**22  # that a block of rows holds: 16 MiB
_MOST = 32_768  # rows of a block; the encoder takes 8,192 at a time


@dataclass(frozen=True)
class Block:
    """Consecutive rows of a table, which can be read without the rows before them.

    Attributes:
        number: of the block, from 0.
        first: the number of its first row in the table, from 0.
        rows: how many it has.
        start: where it starts: a byte, or a row group of a Parquet file.
        stop: where it stops, exclusive.
        skip: rows of its row group that belong to the blocks before.
        task: blocks of one task are best read in one go.
    """

    number: int
    first: int
    rows: int
    start: int = 0
    stop: int = 0
    skip: int = 0
    task: int = 0


class Table(Protocol):
    """Named columns in rows, read in blocks.

    Attributes:
        name: what to call it in messages: its path, URL or query.
        schema: the columns, a `pyarrow.Schema`. Of text files, types are told from the first rows.
        rows: how many there are; None where only `blocks` finds out.
        row_shape: of a file that holds one array and no named columns, the shape of a row; of one whose first column
            is an array of images, the shape of an image; otherwise None.
        notes: what was decided that its owner would want to know.
    """

    name: str
    rows: int | None
    row_shape: tuple[int, ...] | None
    notes: tuple[str, ...]

    @property
    def schema(self) -> Any:
        """See above."""

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """All rows, or the first `limit`, in blocks of at most `size`.

        Raises:
            InputError: a table without rows, or damaged.
        """

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """A `pyarrow.Table` of each block; blocks in rising order that follow each other are read in one go.

        Args:
            blocks: some of the table's blocks.
            columns: to read, at least.
            numbers: those of them that hold a number in each row, where a file of text does not say so: they come as
                float64, all other columns of such files as they are written.

        Raises:
            InputError: rows that cannot be read.
        """

    def identity(self) -> dict[str, Any]:
        """What tells whether the table was changed, JSON-ready."""


def batches(
    table: Table,
    columns: Collection[str],
    first: int = 0,
    size: int = _MOST,
    limit: int | None = None,
    numbers: Collection[str] = (),
) -> Iterator[Any]:
    """The rows from number `first` on, or those before number `limit`, as `pyarrow.Table`s of up to `size` rows."""
    blocks = [block for block in table.blocks(size, limit) if block.first + block.rows > first]
    for block, piece in zip(blocks, table.read(blocks, columns, numbers), strict=True):
        yield piece.slice(max(first - block.first, 0))


def read_whole(table: Table, columns: Collection[str] | None = None, numbers: Collection[str] = ()) -> Any:
    """All rows as one `pyarrow.Table`; see `Table.read` for `numbers`."""
    import pyarrow as pa

    names = list(table.schema.names if columns is None else columns)
    return pa.concat_tables(batches(table, names, numbers=numbers))


def numbered_blocks(rows: int, size: int, limit: int | None = None) -> list[Block]:
    """The blocks of so many rows that need no place."""
    most = rows if limit is None else min(rows, limit)
    starts = enumerate(range(0, most, size))
    return [Block(number, first, min(size, most - first), task=first) for number, first in starts]


def require_names(table: Table) -> None:
    """Raises InputError for a table without columns, or with two of one name."""
    names = table.schema.names
    if not names:
        raise InputError(f"{table.name}: the table has no columns; export it again")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{table.name}: several columns are called {listed(repeated)}; give each a name of its own")


def rows_of_block(width: int) -> int:
    """How many rows of so many numbers make a block."""
    return max(1, min(_MOST, _NUMBERS // max(width, 1)))
