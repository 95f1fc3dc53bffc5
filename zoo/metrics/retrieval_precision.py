"""What share of the rows found are of the class asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._ranked import places, worth
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_SCORES = ("precision", "map")


class RetrievalPrecision:
    """Each held-out row asks for rows of its class among the others, by cosine.

    Asked of every row whose class has another row held out; the row itself is not found. Rows at equal cosine may come
    in any order, and the mean over their orders counts, so that codes that are all the same find what chance finds.
    A row asks, and is found by others; it contributes what it finds and what the scores of others owe to it, so that
    intervals are for other tables (Hajek's projection). What rows find alone would give standard errors of half the
    size, and 95% intervals that hold in about 70% of tables.

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
    limits = (0.0, 1.0)

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
        return taken if (np.bincount(own)[own] > 1).any() else taken[:0]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 2]: found and owed, whether it asks; NaN if codes are not finite.

        None without two classes, a class of two, or more than k rows.
        """
        taken, own = self._labelled(splits)
        asked = np.flatnonzero(np.bincount(own)[own] > 1) if len(self.row_numbers(splits)) else taken[:0]
        if not len(asked):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full((len(taken), 2), np.nan)
        directions, found, owed = unit(codes), np.zeros(len(taken)), np.zeros(len(taken))
        for block, similarities in cosines(directions[asked], directions):
            queries = asked[block]
            similarities[np.arange(len(queries)), queries] = -np.inf
            wanted = own == own[queries, None]
            wanted[np.arange(len(queries)), queries] = False
            found[queries], influences = self._scores(similarities, wanted)
            owed += influences.sum(axis=0)
        return np.column_stack([found + owed - owed.mean(), np.isin(np.arange(len(taken)), asked)])

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the rows that ask."""
        return ratio(*(weights @ values).T)

    def _labelled(self, splits: Splits) -> tuple[Rows, Rows]:
        """Numbers and classes [rows] of the rows that are looked at."""
        classes = class_numbers(splits)
        if classes is None:
            return splits.test[:0], splits.test[:0]
        taken = labelled(splits.test, classes, self.rows)
        return taken, classes[taken]

    def _scores(self, similarities: Doubles, wanted: Any) -> tuple[Doubles, Doubles]:
        """Scores [queries] and what they owe to each row [queries, rows], whether it is wanted being given alike."""
        before, alike = places(similarities)
        return (
            _precision(before, alike, wanted, self.k) if self.score == "precision" else _average(before, alike, wanted)
        )


def _precision(before: Doubles, alike: Doubles, wanted: Any, k: int) -> tuple[Doubles, Doubles]:
    """Share wanted among the first k. A row among them is owed how much likelier it is wanted than the next in line."""
    ranks, around = np.arange(before.shape[1]), max(k // 2, 2)
    first = worth(before, alike, ranks < k)
    last = worth(before, alike, np.abs(ranks - k + 0.5) <= around)
    in_line = (last * wanted).sum(axis=1) / last.sum(axis=1)
    return (first * wanted).sum(axis=1) / k, first * (wanted - in_line[:, None]) / k


def _average(before: Doubles, alike: Doubles, wanted: Any) -> tuple[Doubles, Doubles]:
    """Average precision: the mean, over the rows wanted, of hits / found down to it; and its derivative by the rows."""
    order = np.argsort(before, axis=1, kind="stable")
    here = np.take_along_axis(wanted, order, axis=1)
    start = np.take_along_axis(before, order, axis=1).astype(np.int64)
    found = start + np.take_along_axis(alike, order, axis=1).astype(np.int64)
    hits = np.take_along_axis(np.cumsum(here, axis=1), found - 1, axis=1)
    number, precision = here.sum(axis=1, keepdims=True), hits / found
    score = (here * precision).sum(axis=1, keepdims=True) / number
    gained, lost = (_behind(here * each, start) for each in (1 / found, hits / found**2))
    derivative = np.empty(precision.shape)
    np.put_along_axis(derivative, order, (here * (precision - score + gained) - lost) / number, axis=1)
    return score[:, 0], derivative


def _behind(terms: Doubles, start: Rows) -> Doubles:
    """Sums [queries, rows] of the terms at the place `start` and behind it."""
    return np.take_along_axis(np.cumsum(terms[:, ::-1], axis=1)[:, ::-1], start, axis=1)
