"""Scores of held-out rows that are known to be anomalies or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._weighted import group_sums
from zoo.types import Scores

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits


_WANTED = 10  # rows of a kind, below which an interval says little of others of that kind


def shortage(splits: Splits) -> str:
    """What a table lacks for judging how well anomalies are told; "" if it lacks nothing, or has no labels at all."""
    if splits.labels is None:
        return ""
    _, labels = _labels(splits)
    names, counts = np.unique(labels, return_counts=True)
    if set(names) != {"0", "1"}:
        there = ", ".join(names[:5].tolist()) or "none"
        return f"held-out rows labelled 0 (normal) and 1 (anomaly) are needed, both; the labels there are {there}"
    name, few = ("anomalies", counts[1]) if counts[1] <= counts[0] else ("normal rows", counts[0])
    if few == 1:
        return f"of {name} a single one is held out, which gives no interval, so no gate can pass"
    if few < _WANTED:
        return f"{few} {name} are held out, and an interval says little of others; at least {_WANTED} are wanted"
    return ""


def _labels(splits: Splits) -> tuple[Rows, Any]:
    """Held-out row numbers [n] that have a label, and their labels [n] as text."""
    labels = np.asarray(splits.labels)[splits.test]
    labels = (labels if labels.dtype.kind in "OSU" else labels.astype(np.int64)).astype(str)
    known = (labels != "") & (labels != "-1")
    return splits.test[known], labels[known]


def scored_anomalies(representation: Representation, splits: Splits) -> Doubles | None:
    """[n, 2] scores and labels of the held-out rows labelled 0 or 1, in the table's order.

    None if the representation scores no rows, or if the labels are not just 0 and 1, both of them held out.
    """
    if splits.labels is None or not isinstance(representation, Scores):
        return None
    rows, labels = _labels(splits)
    if set(labels) != {"0", "1"}:
        return None
    return np.column_stack([representation.score(rows).astype(np.float64), labels == "1"])


def labelled_rows(splits: Splits) -> Rows:
    """Numbers of the rows that `scored_anomalies` scores."""
    if splits.labels is None:
        return np.empty(0, np.int64)
    rows, labels = _labels(splits)
    return rows if set(labels) == {"0", "1"} else rows[:0]


def anomalies_by_score(values: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Weights of anomalies and of others [resamples, scores] by distinct score, ascending, from [n, 2]."""
    _, groups = np.unique(values[:, 0], return_inverse=True)
    return group_sums(groups, weights * values[:, 1]), group_sums(groups, weights * (1 - values[:, 1]))
