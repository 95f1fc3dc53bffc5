"""How compact clusters of the codes are, by the worst neighbour of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._compactness import Compactness
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles


class DaviesBouldin(Compactness):
    """Mean over clusters of the largest (spread + spread) / (distance of centroids); the mean over seeds.

    Lower means more compact. It describes a space and ranks none: it depends on the number of dimensions and on how
    distances are spread, so two spaces of different kind cannot be compared by it, and no gate can ask for it.

    Args:
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets a mixture choose.
        seeds: runs, of the seeds from 0, each the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones (with a label, where the table has labels).
        clusterer: `kmeans`, or `gaussian_mixture` with full covariances.

    Reference:
        Davies and Bouldin 1979, "A cluster separation measure"; as scikit-learn's `davies_bouldin_score`.
    """

    unit = "ratio of distances"

    @staticmethod
    def index(codes: Doubles, clusters: Doubles, weights: Doubles) -> Doubles:
        """As scikit-learn's score, for weights [resamples, rows]: [resamples]."""
        members = [clusters == each for each in np.unique(clusters)]
        found = [_centroid_and_spread(codes[each], weights[:, each]) for each in members]
        centroids, spreads = (np.stack(each, axis=1) for each in zip(*found, strict=True))
        # [resamples, clusters]: NaN for a cluster that a resample has no row of
        worst = np.full(spreads.shape, -np.inf)
        for each in range(len(members)):
            distances = np.sqrt(((centroids - centroids[:, each, None]) ** 2).sum(axis=2))
            ratios = ratio(spreads + spreads[:, each, None], distances)  # NaN for the cluster itself
            worst[:, each] = np.where(np.isnan(ratios), -np.inf, ratios).max(axis=1)
        counted = ~np.isnan(spreads)
        return ratio(np.where(counted, worst, 0).sum(axis=1), counted.sum(axis=1) * (counted.sum(axis=1) > 1))


def _centroid_and_spread(codes: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Weighted mean [resamples, dimensions] of a cluster's codes, and mean distance to it [resamples]."""
    total = weights.sum(axis=1)
    centroids = ratio(weights @ codes, total[:, None])
    lengths, centre = (codes**2).sum(axis=1), (centroids**2).sum(axis=1, keepdims=True)
    squares = lengths - 2 * centroids @ codes.T + centre
    rounding = 1e-13 * (lengths + centre)  # a code that is its own centroid is at distance 0
    distances = np.sqrt(np.where(squares > rounding, squares, 0))
    return centroids, ratio((weights * distances).sum(axis=1), total)
