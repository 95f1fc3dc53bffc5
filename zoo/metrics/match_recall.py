"""Whether records of one entity find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._vectors import cosines, is_finite, nearest, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Splits


class MatchRecall:
    """Share of a record's matches, the rows of its label, that are among its k nearest held-out rows by cosine.

    Asked of every held-out row that has a match held out; the row itself is not among its neighbours. A row with more
    than k matches can find k of them, which counts 1, so k = 1 tells whether the nearest row is a match. Intervals
    are for other records looked up in the same table.

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
        classes = class_numbers(splits)
        if classes is None:
            return None
        taken = labelled(splits.test, classes, self.rows)
        own = classes[taken]
        if len(own) <= self.k:
            return None
        matches = np.bincount(own)[own] - 1
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

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean share."""
        return mean(values, weights)
