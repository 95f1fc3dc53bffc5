"""What a representation can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zoo.types.numbers import Block, Floats, Rows


class Representation(Protocol):
    """Rows -> vectors, with a name. What metrics score. A block of rows is what `Splits.take` gives."""

    @property
    def name(self) -> str:
        """As the recipe calls it."""

    def encode(self, rows: Block) -> Block:
        """[n, ...] -> [n, dimensions]; deterministic. Dense, but for the raw rows of a sparse table."""

    def reconstruct(self, rows: Block) -> Floats | None:
        """[n, ...] -> the same shape, dense; or None if it cannot."""

    def rates(self, rows: Block) -> Floats | None:
        """Nats per code dimension [n, dimensions], or None if it has no rate."""

    def score(self, rows: Block) -> Floats | None:
        """How badly each row fits [n]: -log p(x|z) in nats, or a squared error; None if it cannot tell."""

    def log_likelihoods(self, rows: Block, samples: int, seed: int) -> Floats | None:
        """Importance-weighted estimate of log p(x) in nats [n]; None for anything but a generative model."""

    def assign(self, rows: Block) -> Rows | None:
        """The cluster of each row [n], or None if it has no clusters."""
