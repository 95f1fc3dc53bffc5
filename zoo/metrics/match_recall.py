"""Whether records of one entity find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._vectors import cosines, is_finite, nearest, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class MatchRecall:
    """Share of a record's matches, the rows of its label, that are among its k nearest held-out rows by cosine.

    Asked of every held-out row that has a match held out; the row itself is not among its neighbours. A row with more
    than k matches can find k of them, which counts 1, so k = 1 tells whether the nearest row is a match. Records
    of one entity find each other, so that intervals hold for other tables where entities are groups
    (`data.group_column`); taken one by one they are for other records looked up in the same table.

    Args:
        k: neighbours to look at.
        rows: held-out rows to look at most, the first ones with a label.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(self, k: PositiveInt = 10, rows: PositiveInt = 10_000) -> None:
        self.k, self.rows = k, rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] shares; None without labels or matches, or with no more than k rows."""
        taken, own, matches = self._matches(splits)
        asked = np.flatnonzero(matches)
        if not len(asked):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full(len(asked), np.nan)
        directions = unit(codes)
        found = np.empty(len(asked))
        for block, similarities in cosines(directions[asked], directions):
            queries = asked[block]
            similarities[np.arange(len(queries)), queries] = -np.inf
            found[block] = (own[nearest(similarities, self.k)] == own[queries, None]).sum(axis=1)
        return found / np.minimum(matches[asked], self.k)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, matches = self._matches(splits)
        return taken[matches > 0]

    def _matches(self, splits: Splits) -> tuple[Rows, Rows, Rows]:
        """Rows [n], their classes [n], and how many others of its class each has [n]; none with k rows or fewer."""
        classes = class_numbers(splits)
        taken = splits.test[:0] if classes is None else labelled(splits.test, classes, self.rows)
        if classes is None or len(taken) <= self.k:
            return taken[:0], taken[:0], taken[:0]
        own = classes[taken]
        return taken, own, np.bincount(own)[own] - 1

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean share."""
        return mean(values, weights)
