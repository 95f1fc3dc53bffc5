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

    from zoo.data._kept_rows import KeptRows
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
        kept: what keeps rows once they were read, where that takes longer than training on them.
    """

    table: Table
    blocks: Sequence[Block]
    read: Reads
    width: int
    training: Sequence[npt.NDArray[np.uint8]]
    rows: int
    total: int
    buffer: int
    kept: KeptRows | None = None

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
        kept = [self.kept is not None and block in self.kept for block, _ in parts]
        lacking = [block for (block, _), known in zip(parts, kept, strict=True) if not known]
        pieces = self.table.read(lacking, self.read.names)
        for (block, part), known in zip(parts, kept, strict=True):
            rows = self.kept.read(block) if known and self.kept is not None else self._read(block, next(pieces))
            if len(rows[part]):
                yield rows[part]

    def _read(self, block: Block, piece: Any) -> Floats:
        """The training rows of a block."""
        places = np.flatnonzero(np.unpackbits(self.training[block.number], count=block.rows))
        if not len(places):
            return np.empty((0, self.width), np.float32)
        if self.kept is None:
            vectors = self.read.vectors(piece, self.table.name, block.first, self.width)
            return vectors if len(places) == len(vectors) else vectors[places]
        rows = self.read.vectors(piece.take(places), self.table.name, block.first, self.width)
        self.kept.keep(block, rows)
        return rows
