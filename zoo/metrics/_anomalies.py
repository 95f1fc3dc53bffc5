"""Scores of held-out rows that are known to be anomalies or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._weighted import group_sums
from zoo.types import Scores

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Splits


def scored_anomalies(representation: Representation, splits: Splits) -> Doubles | None:
    """[n, 2] scores and labels of the held-out rows labelled 0 or 1, in the table's order.

    None if the representation scores no rows, or if the labels are not just 0 and 1, both of them held out.
    """
    if splits.labels is None or not isinstance(representation, Scores):
        return None
    labels = np.asarray(splits.labels)[splits.test]
    labels = (labels if labels.dtype.kind in "OSU" else labels.astype(np.int64)).astype(str)
    known = (labels != "") & (labels != "-1")
    if set(labels[known]) != {"0", "1"}:
        return None
    return np.column_stack([representation.score(splits.test[known]).astype(np.float64), labels[known] == "1"])


def anomalies_by_score(values: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Weights of anomalies and of others [resamples, scores] by distinct score, ascending, from [n, 2]."""
    _, groups = np.unique(values[:, 0], return_inverse=True)
    return group_sums(groups, weights * values[:, 1]), group_sums(groups, weights * (1 - values[:, 1]))
