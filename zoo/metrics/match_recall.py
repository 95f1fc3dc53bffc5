"""Whether records of one entity find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._matches import asked_records, candidates, lacking
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class MatchRecall:
    """Share of a record's matches, the rows of its label, that are among its k nearest held-out rows by cosine.

    Asked of every held-out row that has a match held out; the row itself is not among its neighbours. Where the rows
    are of two tables that are matched, matches and neighbours are of the other one. A row with more than k matches can
    find k of them, which counts 1, so k = 1 tells whether the nearest row is a match. Records of one entity find each
    other, so that intervals hold for other tables where entities are groups (`data.group_column`); taken one by one
    they are for other records looked up in the same table.

    Args:
        k: neighbours to look at.
        rows: held-out rows to look at most: whole entities.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(self, k: PositiveInt = 10, rows: PositiveInt = 10_000) -> None:
        self.k, self.rows = k, rows

    def shortage(self, splits: Splits) -> str:
        """Too few records, or none with a match."""
        return lacking(splits, self.k, self.rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] shares; None without labels or matches, or with no more than k rows."""
        taken, own, matches = asked_records(splits, self.k, self.rows)
        asked = np.flatnonzero(matches)
        if not len(asked):
            return None
        found = candidates(representation, splits, taken, asked, self.k)
        if found is None:
            return np.full(len(asked), np.nan)
        hits = (own[found[0]] == own[asked, None]).sum(axis=1)
        return hits / np.minimum(matches[asked], self.k)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, matches = asked_records(splits, self.k, self.rows)
        return taken[matches > 0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean share."""
        return mean(values, weights)
