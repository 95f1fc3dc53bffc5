"""How well one threshold on the cosine tells matches from other candidates: at the best of all thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._weighted import undefined
from zoo.metrics.match_average_precision import MatchAveragePrecision, curves

if TYPE_CHECKING:
    from zoo.types import Doubles


class MatchF1(MatchAveragePrecision):
    """The largest F1 that any one threshold on the cosine reaches; see `MatchAveragePrecision`.

    The threshold is chosen on the rows that are judged, alike for all representations: what cosines could do, not what
    someone without labels would reach.

    Args:
        k: candidates a record.
        rows: held-out rows to look at most: whole entities.
    """

    unit = "F1"

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """[resamples]."""
        broken = undefined(values, weights)
        return np.asarray([_best(*curve) for curve in curves(values, weights)]) if broken is None else broken


def _best(precision: Doubles, recall: Doubles) -> float:
    if np.isnan(recall).any():  # no match was drawn
        return float("nan")
    both = precision + recall
    return float(np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0).max())
