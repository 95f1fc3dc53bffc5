"""What a representation of a table's rows is, and what it can do beside that.

A capability is a protocol that is looked for with `isinstance`: a representation has its method, or does not have it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.types.numbers import Block, Floats, Rows
    from zoo.types.tables import Splits


class Representation(Protocol):
    """Vectors for the rows of a table, with a name. What metrics score; rows are asked for by their numbers."""

    @property
    def name(self) -> str:
        """As the recipe calls it."""

    def encode(self, rows: Rows) -> Block:
        """Row numbers [n] -> [n, dimensions]; deterministic. Dense, but for the raw rows of a sparse table."""

    def on(self, splits: Splits) -> Representation:
        """The same for the rows of another table of the same kind, such as altered rows."""


@runtime_checkable
class Reconstructs(Protocol):
    """Gives rows back."""

    def reconstruct(self, rows: Rows) -> Floats:
        """Row numbers [n] -> [n, ...], dense, comparable with `Splits.take`."""


@runtime_checkable
class Scores(Protocol):
    """Tells how badly a row fits."""

    def score(self, rows: Rows) -> Floats:
        """Row numbers [n] -> [n]: -log p(x|z) in nats, or a squared error."""


@runtime_checkable
class ScoresFields(Protocol):
    """Tells how badly each field of a record fits."""

    def score_fields(self, rows: Rows) -> Floats:
        """Row numbers [n] -> -log p(field|z) in nats [n, fields], in the order of the table's fields."""


@runtime_checkable
class KeepsFields(Protocol):
    """Has numbers of its own in the code for each field of a record."""

    places: Mapping[str, tuple[int, int]]  # field -> (first, last + 1) of its numbers


@runtime_checkable
class HasRates(Protocol):
    """Has a code that costs something."""

    def rates(self, rows: Rows) -> Floats:
        """Row numbers [n] -> nats per code dimension [n, dimensions]."""


@runtime_checkable
class HasLikelihood(Protocol):
    """A generative model."""

    def log_likelihoods(self, rows: Rows, samples: int, seed: int) -> Floats:
        """Row numbers [n] -> importance-weighted estimate of log p(x) in nats [n]."""


@runtime_checkable
class Stored(Protocol):
    """Takes another number of bytes where it is stored than float32 numbers do."""

    def bytes_per_row(self) -> int:
        """Bytes of a row's code."""


@runtime_checkable
class Clusters(Protocol):
    """Has clusters."""

    def assign(self, rows: Rows) -> Rows:
        """Row numbers [n] -> the cluster of each [n]."""


@runtime_checkable
class EncodesQueries(Protocol):
    """Is searched with something else than the codes of what is looked for: vectors that were not quantised."""

    def encode_queries(self, rows: Rows) -> Block:
        """Row numbers [n] -> what codes are compared with [n, dimensions]."""


@runtime_checkable
class Rescores(Protocol):
    """Puts the first of what it finds in order by a second, finer representation."""

    candidates: int  # how many; 0 for none
    second: Representation
