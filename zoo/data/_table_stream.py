"""The training rows of a table of vectors, read from where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._shuffle import buffered, in_batches, in_turn
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from zoo.data._read_columns import ReadColumns
    from zoo.tables.table import Block, Table
    from zoo.types import Floats

AT_ONCE = 4  # row groups that are read side by side


@dataclass(frozen=True)
class TableStream:
    """See `zoo.types.RowStream`.

    The order of an epoch: the table's row groups in a shuffled order, a few of them read side by side, block by block,
    through a shuffle buffer, so that a row comes out about as far from where it lies as the buffer is long.

    Attributes:
        table: the table.
        blocks: all of its blocks.
        read: the columns that vectors are made of.
        width: of a vector.
        training: which rows of each block are trained on, a bit a row, as `numpy.packbits` packs them.
        rows: how many those are.
        total: how many rows the table has that can be used.
        buffer: rows of the shuffle buffer.
    """

    table: Table
    blocks: Sequence[Block]
    read: ReadColumns
    width: int
    training: Sequence[npt.NDArray[np.uint8]]
    rows: int
    total: int
    buffer: int

    @property
    def rows_of_groups(self) -> list[int]:
        """How many rows are read one after the other, for each row group, or several small ones together."""
        return [sum(block.rows for block in group) for _, group in groupby(self.blocks, key=lambda block: block.task)]

    def batches(self) -> Iterator[Floats]:
        """See `zoo.types.RowStream`."""
        return self._blocks(self.blocks)

    def epoch(self, seed: int, epoch: int, batch_size: int, shard: int = 0, shards: int = 1) -> Iterator[Floats]:
        """See `zoo.types.RowStream`."""
        groups = [list(group) for _, group in groupby(self.blocks, key=lambda block: block.task)]
        if len(groups) < shards:
            raise InputError(
                f"{self.table.name}: {len(groups)} row groups cannot be shared among {shards} workers; write the table "
                "in more of them"
            )
        return in_batches(self._passes(groups, seed, epoch, shard, shards), batch_size)

    def _passes(
        self, groups: Sequence[Sequence[Block]], seed: int, epoch: int, shard: int, shards: int
    ) -> Iterator[Floats]:
        """The shard's rows again and again, each time in another order."""
        for number in count():
            order = np.random.default_rng([seed, epoch, number]).permutation(len(groups))
            own = (self._blocks(groups[place]) for place in order[shard::shards])
            random = np.random.default_rng([seed, epoch, number, shard])
            some = False
            for block in buffered(in_turn(own, AT_ONCE), min(self.buffer, self.rows), random):
                some = True
                yield block
            if not some:
                raise InputError(f"{self.table.name}: no row to train on is left for worker {shard} of {shards}")

    def _blocks(self, blocks: Sequence[Block]) -> Iterator[Floats]:
        """The training rows of blocks."""
        pieces = self.table.read(blocks, self.read.names)
        for block, piece in zip(blocks, pieces, strict=True):
            chosen = np.unpackbits(self.training[block.number], count=block.rows).view(bool)
            if chosen.any():
                vectors: Any = self.read.vectors(piece, self.table.name, block.first, self.width)
                yield vectors if chosen.all() else vectors[chosen]
