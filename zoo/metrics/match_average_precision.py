"""How well one threshold on the cosine tells matches from other candidates: over all thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._matches import asked_records, candidates, lacking
from zoo.metrics._weighted import undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class MatchAveragePrecision:
    """Average precision of the candidate pairs, by their cosine, in finding the true pairs.

    Candidates are the k nearest held-out records of each (of the other table, where two are matched). Every true pair
    counts, so that one which is no candidate is a miss. A pair counts from either of its records for which it is a
    candidate. Of equal cosines, all are taken or none.

    Args:
        k: candidates a record.
        rows: held-out rows to look at most: whole entities.

    Reference:
        Christen 2012, "Data matching", section 7.2 (pairs completeness and quality).
    """

    unit = "average precision"
    higher_is_better = True
    needs_labels = True
    limits = (0.0, 1.0)

    def __init__(self, k: PositiveInt = 10, rows: PositiveInt = 10_000) -> None:
        self.k, self.rows = k, rows

    def shortage(self, splits: Splits) -> str:
        """Too few records, or none with a match."""
        return lacking(splits, self.k, self.rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[records, 2 k + 1]: cosines, whether each is a match, and how many matches the record has."""
        taken, own, matches = asked_records(splits, self.k, self.rows)
        if not matches.any():
            return None
        every = np.arange(len(taken))
        found = candidates(representation, splits, taken, every, self.k)
        if found is None:
            return np.full((len(taken), 2 * self.k + 1), np.nan)
        places, cosines = found
        return np.hstack([cosines, own[places] == own[:, None], matches[:, None]])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, matches = asked_records(splits, self.k, self.rows)
        return taken if matches.any() else taken[:0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """[resamples]."""
        broken = undefined(values, weights)
        return np.asarray([_average(*curve) for curve in curves(values, weights)]) if broken is None else broken


def curves(values: Doubles, weights: Doubles) -> list[tuple[Doubles, Doubles]]:
    """Of each resample: precision and recall [thresholds], at each different cosine from the highest down."""
    k = values.shape[1] // 2
    cosines, hits = values[:, :k].ravel(), values[:, k : 2 * k].ravel()
    order = np.argsort(-cosines, kind="stable")
    last = np.append(np.diff(cosines[order]) != 0, True)  # of those that are equal
    found = []
    for own in weights:
        each = np.repeat(own, k)[order]
        taken, true = np.cumsum(each)[last], np.cumsum(each * hits[order])[last]
        total = own @ values[:, -1]
        precision = np.divide(true, taken, out=np.zeros_like(true), where=taken > 0)
        found.append((precision, true / total if total > 0 else np.full_like(true, np.nan)))
    return found


def _average(precision: Doubles, recall: Doubles) -> float:
    return float((np.diff(recall, prepend=0.0) * precision).sum())
