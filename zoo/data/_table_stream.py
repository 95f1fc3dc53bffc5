"""The training rows of a table of vectors, read from where it lies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count, groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from zoo.data._shuffle import buffered, in_batches, in_turn
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from zoo.tables.table import Block, Table
    from zoo.types import Floats

AT_ONCE = 4  # row groups that are read side by side


class Reads(Protocol):
    """From columns of a piece of a table to vectors, such as `zoo.data._read_columns.ReadColumns`."""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""

    def vectors(self, table: Any, where: str, first: int = 0, width: int = 0) -> Floats:
        """[rows, width] float32."""


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
    read: Reads
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
        return self._rows_of([(block, slice(None)) for block in self.blocks])

    def epoch(self, seed: int, epoch: int, batch_size: int, shard: int = 0, shards: int = 1) -> Iterator[Floats]:
        """See `zoo.types.RowStream`."""
        return in_batches(self._passes(seed, epoch, shard, shards), batch_size)

    def _passes(self, seed: int, epoch: int, shard: int, shards: int) -> Iterator[Floats]:
        """The shard's rows again and again, each time in another order."""
        groups = [list(group) for _, group in groupby(self.blocks, key=lambda block: block.task)]
        for number in count():
            order = np.random.default_rng([seed, epoch, number]).permutation(len(groups))
            own = map(self._rows_of, self._shared([groups[place] for place in order], shard, shards))
            random = np.random.default_rng([seed, epoch, number, shard])
            some = False
            for block in buffered(in_turn(own, AT_ONCE), min(self.buffer, self.rows), random):
                some = True
                yield block
            if not some:
                raise InputError(f"{self.table.name}: no row to train on is left for worker {shard} of {shards}")

    def _shared(
        self, groups: Sequence[Sequence[Block]], shard: int, shards: int
    ) -> Iterator[list[tuple[Block, slice]]]:
        """A shard's blocks of each row group, and which of a block's training rows are its own.

        Each shard has the training rows from one place in this order to another, so that all have equally many but for
        one; a row group on a border is read by both of its shards.
        """
        first, last = (self.rows * each // shards for each in (shard, shard + 1))
        passed = 0  # training rows
        for group in groups:
            own = []
            for block in group:
                here = int(np.bitwise_count(self.training[block.number]).sum())
                start, stop = max(first - passed, 0), min(last - passed, here)
                if start < stop:
                    own.append((block, slice(start, stop)))
                passed += here
            if own:
                yield own

    def _rows_of(self, parts: Sequence[tuple[Block, slice]]) -> Iterator[Floats]:
        """Of the training rows of each block those that are asked for."""
        pieces = self.table.read([block for block, _ in parts], self.read.names)
        for (block, part), piece in zip(parts, pieces, strict=True):
            places = np.flatnonzero(np.unpackbits(self.training[block.number], count=block.rows))[part]
            if len(places):
                vectors: Any = self.read.vectors(piece, self.table.name, block.first, self.width)
                yield vectors if len(places) == len(vectors) else vectors[places]
