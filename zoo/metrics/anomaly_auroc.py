"""How well scores tell anomalies from the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._anomalies import anomalies_by_score, labelled_rows, scored_anomalies, shortage
from zoo.metrics._weighted import ratio, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits


class AnomalyAuroc:
    """Chance that an anomaly (label 1) scores higher than a normal row (label 0); equal scores count half.

    The score is how badly a row fits, `Representation.score`. All held-out rows count.
    """

    unit = "AUROC"
    higher_is_better = True
    needs_labels = True

    def shortage(self, splits: Splits) -> str:
        """Too few anomalies, or labels other than 0 and 1."""
        return shortage(splits)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 2]: score, label; None without a score, or unless the labels are 0 and 1, both held out."""
        return scored_anomalies(representation, splits)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return labelled_rows(splits)

    def strata(self, values: Doubles) -> Doubles:
        """The labels: no resample may lose the anomalies, which are few."""
        return values[:, 1]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """Area under the ROC curve, as scikit-learn's `roc_auc_score`; NaN where a resample lacks a label."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        anomalies, normal = anomalies_by_score(values, weights)
        beaten = np.cumsum(normal, axis=1) - normal / 2
        return ratio((anomalies * beaten).sum(axis=1), anomalies.sum(axis=1) * normal.sum(axis=1))
