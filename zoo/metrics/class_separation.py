"""How much more alike rows of one class are than rows of different classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._vectors import is_finite, narrow, unit, vectors
from zoo.metrics._weighted import group_sums, ratio, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class ClassSeparation:
    """Mean over the classes of (mean cosine within the class) / (mean cosine to the other classes).

    Cosines are rescaled to [0, 1] by (1 + cos) / 2, since a ratio of numbers near 0 says nothing. The value 1 means
    that classes are not told apart. A row is never paired with itself, however often a resample draws it: pairs of
    copies, with cosine 1, would raise the resamples' ratios above the score that they are to surround.

    The mean cosine of two groups of rows is the inner product of their mean unit vectors, so no matrix of pairs is
    made.

    Args:
        rows: held-out rows to look at most, the first ones with a label.
        label: the ratio of the class with this label alone; None takes the mean over the classes.
        rescaled: whether cosines are rescaled. Without it ratios of -10 and of 200 are seen where classes are told
            apart all the same, since cosines to other classes are near 0: it describes then, and ranks none.
    """

    unit = "ratio"
    needs_labels = True

    def __init__(self, rows: PositiveInt = 1_000, label: str | int | None = None, rescaled: bool = True) -> None:
        self.rows, self.label, self.rescaled = rows, label, rescaled
        self.higher_is_better = True if rescaled else None

    def shortage(self, splits: Splits) -> str:
        """No row with the label, or a single one; or no two classes."""
        if splits.labels is None or len(self.row_numbers(splits)):
            return ""
        if self.label is None:
            return "fewer than two classes are held out, or no class has two held-out rows"
        return f"of the first {self.rows:,} held-out rows with a label fewer than two have the label {self.label}"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions + 2]: code at length 1, class, row; NaN for codes if they are not finite.

        None without two classes, or two rows of one.
        """
        classes, taken = class_numbers(splits), self.row_numbers(splits)
        if classes is None or not len(taken):
            return None
        codes = vectors(representation, taken)
        own = np.where(self._wanted(splits, taken), -1, classes[taken]) if self.label is not None else classes[taken]
        known = narrow(unit(codes)) if is_finite(codes) else np.full((len(taken), 1), np.nan)
        return np.column_stack([known, own, taken])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        classes = class_numbers(splits)
        taken = splits.test[:0] if classes is None else labelled(splits.test, classes, self.rows)
        counts = np.unique(classes[taken], return_counts=True)[1] if classes is not None else np.empty(0)
        known = len(counts) > 1 and counts.max() > 1
        if known and self.label is not None:
            known = self._wanted(splits, taken).sum() > 1
        return taken if known else taken[:0]

    def strata(self, values: Doubles) -> Doubles:
        """The classes; a single row goes with the largest class, since it has nothing to be drawn instead of it."""
        names, members, counts = np.unique(values[:, -2], return_inverse=True, return_counts=True)
        return np.where(counts[members] > 1, values[:, -2], names[counts.argmax()])

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean ratio; classes with a single row, or with none outside of them, are left out."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        _, first, rows = np.unique(values[:, -1], return_index=True, return_inverse=True)
        weights = group_sums(rows, weights)
        codes, classes = values[first, :-2], values[first, -2]
        lengths = (codes**2).sum(axis=1)
        everything, total = weights @ codes, weights.sum(axis=1)
        ratios = np.zeros(len(weights))
        counted = np.zeros(len(weights))
        for each in np.unique(classes) if self.label is None else [-1]:
            inside = classes == each
            own = weights[:, inside]
            count, vector = own.sum(axis=1), own @ codes[inside]
            same = ratio((vector**2).sum(axis=1) - own**2 @ lengths[inside], count**2 - (own**2).sum(axis=1))
            other = ratio((vector * (everything - vector)).sum(axis=1), count * (total - count))
            separation = ratio(1 + same, 1 + other) if self.rescaled else same / np.where(other, other, np.nan)
            counted += np.isfinite(separation)
            ratios += np.nan_to_num(separation)
        return ratio(ratios, counted)

    def _wanted(self, splits: Splits, rows: Rows) -> Any:
        """Whether each row [n] has the label."""
        return np.asarray(splits.labels)[rows].astype(str) == str(self.label)
