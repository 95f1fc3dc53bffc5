"""How much of the codes' variance lies between clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._compactness import Compactness
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles


class CalinskiHarabasz(Compactness):
    """Variance between clusters over variance within them, by degrees of freedom; the mean over seeds.

    Higher means more compact. It describes a space and ranks none: it depends on the number of dimensions and on how
    distances are spread, so two spaces of different kind cannot be compared by it, and no gate can ask for it.

    Args:
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets a mixture choose.
        seeds: runs, of the seeds from 0, each the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones (with a label, where the table has labels).
        clusterer: `kmeans`, or `gaussian_mixture` with full covariances.

    Reference:
        Calinski and Harabasz 1974, "A dendrite method for cluster analysis"; as scikit-learn's
        `calinski_harabasz_score`.
    """

    unit = "ratio of variances"
    grows_with_rows = True

    @staticmethod
    def index(codes: Doubles, clusters: Doubles, weights: Doubles) -> Doubles:
        """As scikit-learn's score, for weights [resamples, rows]: [resamples]."""
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
