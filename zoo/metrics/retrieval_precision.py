"""What share of the rows found are of the class asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._ranked import places, worth
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_SCORES = ("precision", "map")


class RetrievalPrecision:
    """Each held-out row asks for rows of its class among the others, by cosine.

    Asked of every row whose class has another row held out; the row itself is not found. Rows at equal cosine may come
    in any order, and the mean over their orders counts, so that codes that are all the same find what chance finds.
    Intervals are for other rows asked about the same table.

    Args:
        score: `precision`, the share of the first k that are of the class; or `map`, the mean average precision over
            the whole order.
        k: rows found, for `precision`.
        rows: held-out rows to look at most, the first ones with a label.

    Raises:
        InputError: another score.

    Reference:
        Manning, Raghavan and Schuetze 2008, "Introduction to information retrieval", section 8.4; average precision as
        scikit-learn's `average_precision_score`.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(
        self, score: Literal["precision", "map"] = "precision", k: PositiveInt = 10, rows: PositiveInt = 2_000
    ) -> None:
        if score not in _SCORES:
            raise InputError(f"RetrievalPrecision has no score {score!r}; {suggestion(score, _SCORES)}")
        self.score, self.k, self.rows = score, k, rows

    def shortage(self, splits: Splits) -> str:
        """Too few rows for k, or no class of two."""
        taken, own = self._labelled(splits)
        if not len(taken):
            return ""  # said by `needs_labels`
        if self.score == "precision" and len(taken) <= self.k:
            return (
                f"{len(taken)} rows with a label are held out, and k={self.k} others are to be found; say a smaller k"
            )
        if len(np.unique(own)) < 2:
            return "all held-out rows are of one class, so that every row found is right"
        return "" if len(self.row_numbers(splits)) else "no class has two held-out rows, so that none can be found"

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, own = self._labelled(splits)
        if len(np.unique(own)) < 2 or (self.score == "precision" and len(taken) <= self.k):
            return taken[:0]
        return taken[np.bincount(own)[own] > 1]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries]; NaN if codes are not finite; None without two classes, a class of two, or more than k rows."""
        taken, own = self._labelled(splits)
        asked = np.flatnonzero(np.isin(taken, self.row_numbers(splits)))
        if not len(asked):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full(len(asked), np.nan)
        directions, found = unit(codes), np.empty(len(asked))
        for block, similarities in cosines(directions[asked], directions):
            queries = asked[block]
            similarities[np.arange(len(queries)), queries] = -np.inf
            wanted = own == own[queries, None]
            wanted[np.arange(len(queries)), queries] = False
            found[block] = self._scores(similarities, wanted)
        return found

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _labelled(self, splits: Splits) -> tuple[Rows, Rows]:
        """Numbers and classes [rows] of the rows that are looked at."""
        classes = class_numbers(splits)
        if classes is None:
            return splits.test[:0], splits.test[:0]
        taken = labelled(splits.test, classes, self.rows)
        return taken, classes[taken]

    def _scores(self, similarities: Doubles, wanted: Doubles) -> Doubles:
        """[queries] from similarities and whether a row is wanted [queries, rows]."""
        before, alike = places(similarities)
        if self.score == "precision":
            by_place = np.arange(similarities.shape[1]) < self.k
            return (worth(before, alike, by_place) * wanted).sum(axis=1) / self.k
        end = before + alike  # of the rows down to this one's similarity, how many are wanted
        precisions = [_precision(end[row, wanted[row]]) for row in range(len(end))]
        return np.asarray(precisions)


def _precision(ends: Doubles) -> float:
    """The mean precision at the places [wanted] where those wanted stand."""
    hits = np.searchsorted(np.sort(ends), ends, side="right")
    return float((hits / ends).mean())
