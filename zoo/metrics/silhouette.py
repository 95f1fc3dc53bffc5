"""How far each code is from its own cluster, against the next one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._compactness import Compactness

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt

_ROUNDING = 1e-13  # of a squared distance, as a share of the squared lengths


class Silhouette(Compactness):
    """Mean over codes of (b - a) / max(a, b); the mean over seeds.

    Here a is the mean distance to the others of its k-means cluster and b that to the nearest other cluster; a code
    alone in its cluster counts 0. From -1 to 1, higher is more compact. It describes a space and ranks none, as
    `DaviesBouldin`; it orders models otherwise than labels do, and prefers round clusters of one size.

    Args:
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets a mixture choose.
        seeds: runs, of the seeds from 0, each of k-means the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones (with a label, where the table has labels); a matrix
            [rows, rows] is made of them.
        clusterer: `kmeans`, or `gaussian_mixture` of full covariances.

    Reference:
        Rousseeuw 1987, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis"; as
        scikit-learn's `silhouette_score`. Its faults: Rautenstrauch and Ohler 2025, s41587-025-02743-4.
    """

    unit = "share"

    def __init__(
        self,
        clusters: PositiveInt | Literal["bic"] | None = None,
        seeds: PositiveInt = 5,
        rows: PositiveInt = 1_000,
        clusterer: Literal["kmeans", "gaussian_mixture"] = "kmeans",
    ) -> None:
        super().__init__(clusters, seeds, rows, clusterer)

    @staticmethod
    def index(codes: Doubles, clusters: Doubles, weights: Doubles) -> Doubles:
        """As scikit-learn's score, for weights [resamples, rows]: [resamples]; NaN where a single cluster is left."""
        lengths = (codes**2).sum(axis=1)
        squares = lengths[:, None] - 2 * codes @ codes.T + lengths
        squares[squares < _ROUNDING * (lengths[:, None] + lengths)] = 0  # of a row to itself, and to its copies
        distances = np.sqrt(squares)
        own, near = np.zeros(weights.shape), np.full(weights.shape, np.inf)
        left = np.zeros(len(weights))
        for each in np.unique(clusters):
            inside = clusters == each
            total = weights[:, inside].sum(axis=1, keepdims=True)
            sums = weights[:, inside] @ distances[inside]
            own[:, inside] = sums[:, inside] / np.maximum(total - 1, 1)
            outside = np.where(total > 0, sums[:, ~inside] / np.maximum(total, 1), np.inf)
            near[:, ~inside] = np.minimum(near[:, ~inside], outside)
            left += total[:, 0] > 0
            near[:, inside] = np.where(total > 1, near[:, inside], own[:, inside])  # alone: 0
        largest = np.maximum(own, near)
        known = np.isfinite(near) & (largest > 0)
        widths = np.where(known, near - own, 0) / np.where(known, largest, 1)
        return np.where(left > 1, (weights * widths).sum(axis=1) / weights.sum(axis=1), np.nan)
