"""What baselines have in common: most can only encode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.types import Block, Floats, Rows


class Plain:
    """Answers None to whatever a baseline has nothing to say about; see `zoo.types.Representation`."""

    def reconstruct(self, rows: Block) -> Floats | None:
        """Nothing."""
        del rows
        return None

    def rates(self, rows: Block) -> Floats | None:
        """Nothing."""
        del rows
        return None

    def score(self, rows: Block) -> Floats | None:
        """Nothing."""
        del rows
        return None

    def log_likelihoods(self, rows: Block, samples: int, seed: int) -> Floats | None:
        """Nothing."""
        del rows, samples, seed
        return None

    def assign(self, rows: Block) -> Rows | None:
        """Nothing."""
        del rows
        return None
