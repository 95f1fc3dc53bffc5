"""What indices of how compact clusters are have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._clusters import Clustering
from zoo.metrics._weighted import undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class Compactness:
    """An index of the clusters of held-out codes, the mean over seeds; a subclass computes it.

    Args:
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets a mixture choose.
        seeds: runs, of the seeds from 0, each of k-means the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones (with a label, where the table has labels).
        clusterer: `kmeans`, or `gaussian_mixture` of full covariances.
    """

    interval = "jackknife"
    higher_is_better = None

    def __init__(
        self,
        clusters: PositiveInt | Literal["bic"] | None = None,
        seeds: PositiveInt = 5,
        rows: PositiveInt = 2_000,
        clusterer: Literal["kmeans", "gaussian_mixture"] = "kmeans",
    ) -> None:
        self.clusters, self.seeds, self.rows, self.clusterer = clusters, seeds, rows, clusterer
        self.clustering = Clustering(clusterer, clusters, seeds, rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions + seeds]: code, cluster by seed; None without a number of clusters, or too few rows."""
        return self.clustering.codes(representation, splits)

    def shortage(self, splits: Splits) -> str:
        """Too few rows, or no number of clusters."""
        return self.clustering.shortage(splits)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return self.clustering.row_numbers(splits)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the seeds; NaN where a resample has a single cluster, or the index is not defined."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        codes = values[:, : -self.seeds] - values[:, : -self.seeds].mean(axis=0)  # lest differences lose digits
        return np.mean([self.index(codes, clusters, weights) for clusters in values[:, -self.seeds :].T], axis=0)

    @staticmethod
    def index(codes: Doubles, clusters: Doubles, weights: Doubles) -> Doubles:
        """The index [resamples] of codes [rows, dimensions] in clusters [rows], for weights [resamples, rows]."""
        raise NotImplementedError
