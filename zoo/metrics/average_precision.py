"""How many of the highest scores are anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._anomalies import anomalies_by_score, labelled_rows, scored_anomalies, shortage
from zoo.metrics._weighted import ratio, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits


class AveragePrecision:
    """Share of anomalies (label 1) among the rows that score at least as high, averaged over the anomalies.

    The score is how badly a row fits, `Representation.score`. All held-out rows count. Where anomalies are rare this
    tells more than the area under the ROC curve; chance gives the share of anomalies.
    """

    unit = "average precision"
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
        """As scikit-learn's `average_precision_score`; NaN where a resample has no anomaly."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        anomalies, normal = (each[:, ::-1] for each in anomalies_by_score(values, weights))
        found = np.cumsum(anomalies, axis=1)
        precision = found / np.maximum(found + np.cumsum(normal, axis=1), 1)
        return ratio((anomalies * precision).sum(axis=1), found[:, -1])
