"""Rows along some directions: what principal components and their like come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Self

    from zoo.types import Floats, Rows, Splits

_READ = 2_048  # rows at a time


def scoring_size(kept: int, width: int, asked: int | None) -> int:
    """How many components to score rows by: as many as were asked for, else those kept, a quarter of `width` at most.

    With nearly all of them an anomaly is reconstructed as well as any other row, and nothing is left to score it by.
    """
    return kept if asked else min(kept, max(width // 4, 1))


@dataclass(frozen=True)
class Components:
    """Coordinates of a table's rows along orthonormal directions.

    Attributes:
        name: as the recipe calls them.
        splits: the table.
        mean: [width] what rows are taken about.
        directions: [width, dimensions], the leading ones first.
        scoring: how many of them rows are scored by.
    """

    name: str
    splits: Splits
    mean: Floats
    directions: Floats
    scoring: int

    def encode(self, rows: Rows) -> Floats:
        """See `zoo.types.Representation`."""
        return self.splits.kind.projected(self.splits.take(rows), self.mean, self.directions)

    def on(self, splits: Splits) -> Self:
        """See `zoo.types.Representation`."""
        return replace(self, splits=splits)

    def reconstruct(self, rows: Rows) -> Floats:
        """See `zoo.types.Reconstructs`."""
        flat = (self.encode(rows) @ self.directions.T + self.mean).astype(np.float32)
        return flat.reshape(len(rows), *self.splits.shape)

    def score(self, rows: Rows) -> Floats:
        """The squared error with the leading `scoring` directions: [n], in the units of the rows."""
        scores = [self._squared_errors(rows[start : start + _READ]) for start in range(0, len(rows), _READ)]
        return np.concatenate([*scores, np.empty(0, np.float32)])

    def _squared_errors(self, rows: Rows) -> Floats:
        block = self.splits.kind.dense(self.splits.take(rows)).reshape(len(rows), -1)
        leading = self.directions[:, : self.scoring]
        centred = block - self.mean
        errors = centred - (centred @ leading) @ leading.T
        return (errors.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
