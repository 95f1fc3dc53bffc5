"""A table of rows with its splits, and what reads one."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from zoo.rows._cells import MISSING, OTHER
from zoo.rows.choose import plain_kind
from zoo.rows.row_kind import Rewrites

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.rows.row_kind import RowKind
    from zoo.types.numbers import Block, Floats, Rows

__all__ = ["MISSING", "OTHER", "Source", "Splits"]


@dataclass(frozen=True)
class TableSchema:
    """What a table is, without its rows.

    Attributes:
        shape: of a row, [width] or [height, width, channels].
        is_sparse: whether rows are kept as the columns that are not zero.
        categories: as `Splits.categories`.
        blocks: as `RowKind.blocks`.
        alike: as `RowKind.alike`.
        has_units: as `RowKind.has_units`.
        spelt: as `RowKind.spelt`.
    """

    shape: tuple[int, ...]
    is_sparse: bool = False
    categories: Mapping[str, tuple[str, ...]] | None = None
    blocks: Mapping[str, tuple[int, float]] | None = None
    alike: tuple[str, ...] = ()
    has_units: bool = False
    spelt: tuple[str, ...] = ()


class RowStream(Protocol):
    """The training rows of a table that does not fit in memory, read from where it lies as they are needed."""

    @property
    def rows(self) -> int:
        """How many training rows there are."""

    @property
    def total(self) -> int:
        """How many rows the table has, held-out ones and all."""

    def batches(self) -> Iterator[Block]:
        """Every training row once, in the table's order: blocks [n, ...]."""

    def epoch(self, seed: int, epoch: int, batch_size: int, shard: int = 0, shards: int = 1) -> Iterator[Block]:
        """Batches [batch_size, ...] without end in a shuffled order that hangs on nothing but the arguments.

        Args:
            seed: of the order.
            epoch: whose order it is, from 0.
            batch_size: rows a batch.
            shard: which of the shards to read, from 0. They have equally many rows but for one, and share none until
                each has read its own and begins again, with others and in another order.
            shards: how many workers share the rows.

        Raises:
            InputError: the table can no longer be read, or there are fewer rows than shards.
        """


@dataclass(frozen=True)
class Splits:
    """A table of rows and which of them may be used for what.

    Attributes:
        features: the only copy of the table in memory (it may be a memory map). Vectors: [rows, width] float32.
            Images: [rows, height, width, channels], uint8 from 0 to 255 or float32. One-hot and multi-hot rows: a
            SciPy CSR array [rows, columns] float32, which is never made dense.
        train: [n_train] row numbers that training and baselines may fit on.
        validation: [n_validation] row numbers for early stopping.
        test: [n_test] row numbers that only judging sees.
        keys: [rows] names of the rows (words, item ids), or None.
        labels: [rows] classes that only judging sees, or None. Integers or strings; -1 or "" is no label.
        weights: [rows] how often a row counts in training, relative to the others; None counts all alike.
        provenance: where the table comes from, JSON-ready; `fingerprint` identifies its content.
        notes: what was done to the table that its owner would want to know.
        groups: [rows] numbers; rows of one group (records of one person) never stand on both sides of a split.
        sides: [rows] which of two tables each row is of, whose rows are matched with each other; None for one table.
        stream: the training rows of a table that is larger than memory. `features` are then a sample of its rows, and
            `train`, `validation` and `test` are numbers in that sample; None where `features` are all rows.
        kind: the kind of row that they are; None, or one of another shape than the features, is the plain kind of the
            features: vectors, images or sparse rows.
        judged_only: [n] row numbers that no split may train on, such as anomalies; every fold of a cross-validation
            judges them. None if there are none.
        scale: mean [width] and deviation [width] of the columns, for `take` to take off and to divide by; None leaves
            rows in their own units. Set for judging only: `inputs` stay in their units.
        raw: a `pyarrow.Table` [rows] of the cells that the features were made of, as a user would hand them over; None
            where they are the features themselves, or not kept. Whoever alters features must leave it out.
    """

    features: npt.NDArray[Any] | csr_array
    train: Rows
    validation: Rows
    test: Rows
    keys: npt.NDArray[np.object_] | None = None
    labels: npt.NDArray[Any] | None = None
    weights: Floats | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    groups: Rows | None = None
    judged_only: Rows | None = None
    scale: tuple[Floats, Floats] | None = None
    raw: Any = None
    sides: Rows | None = None
    stream: RowStream | None = None
    kind: RowKind = None  # type: ignore[assignment]  # filled in below

    def __post_init__(self) -> None:
        """Finds the kind."""
        sparse = not isinstance(self.features, np.ndarray)
        if self.kind is None or self.kind.shape != self.shape or self.kind.is_sparse != sparse:
            object.__setattr__(self, "kind", plain_kind(self.shape, sparse=sparse))

    def __len__(self) -> int:
        """Number of rows."""
        return int(self.features.shape[0])

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of a row: [width], or [height, width, channels]."""
        return tuple(int(size) for size in self.features.shape[1:])

    @property
    def width(self) -> int:
        """Numbers in a row."""
        return math.prod(self.shape)

    @property
    def is_sparse(self) -> bool:
        """Whether rows are kept as the columns that are not zero."""
        return self.kind.is_sparse

    @property
    def categories(self) -> Mapping[str, tuple[str, ...]] | None:
        """See `zoo.rows.row_kind.RowKind`."""
        return self.kind.categories

    @property
    def schema(self) -> TableSchema:
        """What the table is, which parts may ask for before they are built."""
        kind = self.kind
        return TableSchema(
            self.shape, self.is_sparse, self.categories, kind.blocks, kind.alike, kind.has_units, kind.spelt
        )

    @property
    def seen(self) -> int:
        """How many of the rows that judge are also trained on, or watched while training."""
        return int(np.isin(self.test, np.concatenate([self.train, self.validation])).sum())

    @property
    def in_parts(self) -> str:
        """Such as `80 to train, 10 to validate, 10 held out`."""
        seen = self.seen
        last = f"{len(self.test):,} {f'to judge, {seen:,} of them trained on as well' if seen else 'held out'}"
        return f"{self.training_rows:,} to train, {len(self.validation):,} to validate, {last}"

    @property
    def training_rows(self) -> int:
        """How many rows are trained on: more than `train` are where they are streamed."""
        return len(self.train) if self.stream is None else self.stream.rows

    @property
    def total(self) -> int:
        """How many rows the table has: more than are in memory where they are streamed."""
        return len(self) if self.stream is None else self.stream.total

    def take(self, rows: Rows | slice) -> Block:
        """The features of the given rows: [n, ...] float32, or a CSR array [n, columns]."""
        return self.on_scale(self.kind.take(self.features, rows))

    def on_scale(self, block: Any) -> Any:
        """A block of rows, or of reconstructed rows, in units of their columns -> on the table's scale."""
        if self.scale is None:
            return block
        mean, deviation = self.scale
        return (block - mean) / deviation

    def inputs(self, rows: Rows | slice) -> dict[str, npt.NDArray[Any]]:
        """What a served encoder takes for the given rows: arrays [n, ...] of raw cells by name."""
        if self.raw is None:
            return self.kind.arrays(self.kind.take(self.features, rows))
        return self.kind.arrays(self.raw.take(np.arange(len(self))[rows]))

    def rewritten(self, rows: Rows, seed: Sequence[int] | int) -> Splits | None:
        """The given rows as others might have written them, all for judging: None where the kind cannot say how."""
        if self.raw is None or not isinstance(self.kind, Rewrites):
            return None
        raw = self.kind.rewritten(self.raw.take(rows), seed)
        nothing: Rows = np.empty(0, np.int64)
        every: Rows = np.arange(len(rows))
        return Splits(self.kind.read(raw), nothing, nothing, every, kind=self.kind, raw=raw)

    def batches(self, rows: Rows, size: int = 8192) -> Iterator[Block]:
        """Yields blocks of at most `size` of the given rows, so that no second table is ever made."""
        for start in range(0, len(rows), size):
            yield self.take(rows[start : start + size])

    def weighted_batches(self, rows: Rows, size: int = 8192) -> Iterator[tuple[Block, Floats]]:
        """As `batches`, each block with the weights [<= size] of its rows."""
        for start in range(0, len(rows), size):
            taken = rows[start : start + size]
            yield self.take(taken), np.ones(len(taken), np.float32) if self.weights is None else self.weights[taken]

    def training_batches(self) -> Iterator[tuple[Block, Floats]]:
        """Every row that is trained on with its weight, as `weighted_batches`, be it in memory or not."""
        if self.stream is None:
            yield from self.weighted_batches(self.train)
            return
        for block in self.stream.batches():
            yield self.on_scale(block), np.ones(len(block), np.float32)


class Source(Protocol):
    """Reads a table."""

    def load(self) -> Splits:
        """Returns the table and its splits; raises `zoo.errors.InputError` when it cannot be used."""
