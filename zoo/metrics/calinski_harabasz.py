"""How much of the codes' variance lies between clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._clusters import clustered_codes
from zoo.metrics._weighted import ratio, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Splits


class CalinskiHarabasz:
    """Variance between k-means clusters over variance within them, by degrees of freedom; the mean over seeds.

    Higher means more compact. It describes a space and ranks none: it depends on the number of dimensions and on how
    distances are spread, so two spaces of different kind cannot be compared by it, and no gate can ask for it.

    Args:
        clusters: how many; None takes as many as the held-out rows have classes.
        seeds: k-means runs, of the seeds from 0, each the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones (with a label, where the table has labels).

    Reference:
        Calinski and Harabasz 1974, "A dendrite method for cluster analysis"; as scikit-learn's
        `calinski_harabasz_score`.
    """

    unit = "ratio of variances"
    higher_is_better = None

    def __init__(self, clusters: PositiveInt | None = None, seeds: PositiveInt = 5, rows: PositiveInt = 2_000) -> None:
        self.clusters, self.seeds, self.rows = clusters, seeds, rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions + seeds]: code, cluster by seed; None without a number of clusters, or too few rows."""
        return clustered_codes(representation, splits, self.clusters, self.seeds, self.rows)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the seeds; NaN where a resample has a single cluster, or nothing varies within clusters."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        codes = values[:, : -self.seeds] - values[:, : -self.seeds].mean(axis=0)  # lest differences lose digits
        return np.mean([_index(codes, clusters, weights) for clusters in values[:, -self.seeds :].T], axis=0)


def _index(codes: Doubles, clusters: Doubles, weights: Doubles) -> Doubles:
    total = weights.sum(axis=1)
    mean = ((weights @ codes) ** 2).sum(axis=1) / total
    explained, present = np.zeros(len(weights)), np.zeros(len(weights))
    for each in np.unique(clusters):
        own = weights[:, clusters == each]
        count = own.sum(axis=1)
        explained += ((own @ codes[clusters == each]) ** 2).sum(axis=1) / np.maximum(count, 1)
        present += count > 0
    squares = weights @ (codes**2).sum(axis=1)
    within = np.where(squares - explained > 1e-13 * squares, squares - explained, 0)
    return ratio((explained - mean) * (total - present), within * (present - 1))
