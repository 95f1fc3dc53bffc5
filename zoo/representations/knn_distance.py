"""How far the nearest training rows are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from zoo.representations._detector import ScoredRows, some_training_rows

if TYPE_CHECKING:
    from zoo.types import PositiveInt, Representation, Rows, Seed, Splits, Trained


@dataclass(frozen=True)
class _Neighbours(ScoredRows):
    """How far each row is from its nearest training rows, in the units of the rows."""

    known: Rows
    search: Any
    neighbours: int
    method: str

    def on(self, splits: Splits) -> Self:
        # rows of another table are none of those that were fitted to, whatever their numbers
        return replace(self, splits=splits, known=np.full_like(self.known, -1))

    def score_of_block(self, rows: Rows) -> Any:
        most = min(self.neighbours + 1, len(self.known))
        distances, found = self.search.kneighbors(self.encode(rows), most)
        itself = self.known[found] == rows[:, None]  # a training row is not its own neighbour
        distances = np.sort(np.where(itself, np.inf, distances), axis=1)[:, : self.neighbours]
        there = np.isfinite(distances)
        counts, known = there.sum(axis=1), np.where(there, distances, 0)
        return known.max(axis=1) if self.method == "largest" else known.sum(axis=1) / np.maximum(counts, 1)


class KnnDistance:
    """The distance of a row to its nearest training rows, which tells anomalies; the rows themselves are its vectors.

    The strongest detector of anomalies that is known to be free: with normal rows to train on it beats most networks
    (Livernoche et al. 2023, "On diffusion modeling for anomaly detection", arXiv 2305.18593, tables of ADBench).
    Distances are Euclidean, in the units that the judge puts columns on: set `judge.scale=standardise` for columns that
    differ in theirs. A training row is not its own neighbour.

    Args:
        neighbours: how many.
        method: `mean` of the distances to them, or the `largest`, which is the distance to the last of them.
        references: training rows to seek among at most, drawn at random.
        seed: of this draw.

    Reference:
        Ramaswamy, Rastogi and Shim 2000, "Efficient algorithms for mining outliers from large data sets" (largest);
        Angiulli and Pizzuti 2002, "Fast outlier detection in high dimensional spaces" (mean).
    """

    def __init__(
        self,
        neighbours: PositiveInt = 5,
        method: Literal["mean", "largest"] = "mean",
        references: PositiveInt = 50_000,
        seed: Seed = 0,
    ) -> None:
        self.neighbours, self.method, self.references, self.seed = neighbours, method, references, seed

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from sklearn.neighbors import NearestNeighbors

        del trained
        known = some_training_rows(splits, self.references, self.seed)
        rows = splits.kind.matrix(splits.take(known))
        return _Neighbours(name, splits, known, NearestNeighbors().fit(rows), self.neighbours, self.method)
