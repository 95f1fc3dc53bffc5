"""How many rows have a code that is hardly to be told from another row's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.metrics._copies import copies
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import mean, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Probability, Representation, Rows, Splits


class NearDuplicateCodes:
    """Share of held-out rows whose code nearly equals that of another held-out row, which is a different row.

    Nearly: their cosine is above the threshold. Rows that are exactly equal have equal codes in any representation
    and are no reason (`of: copies` gives their share, to be put beside it). The raw rows' own score says how many
    rows of the data are nearly equal already. It describes: records of one person should have nearly one code,
    different images should not; codes that have collapsed score 1.

    Args:
        of: `others`, see above; or `copies`: the share of rows that exactly equal another one, a fact of the data.
        threshold: cosine above which two codes are nearly equal.
        rows: held-out rows to look at most, the first ones.
    """

    unit = "share"
    higher_is_better = None

    def __init__(
        self,
        of: Literal["others", "copies"] = "others",
        threshold: Probability = 0.999,
        rows: PositiveInt = 5_000,
    ) -> None:
        self.of, self.threshold, self.rows = of, threshold, rows

    def shortage(self, splits: Splits) -> str:
        """Too few rows."""
        return "" if len(self.row_numbers(splits)) else "at least two rows must be held out"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] 1 or 0; None with fewer than 2 rows."""
        taken = self.row_numbers(splits)
        if not len(taken):
            return None
        content = copies(splits, taken)
        if self.of == "copies":
            return (np.bincount(content)[content] > 1).astype(np.float64)
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full(len(taken), np.nan)
        directions: Any = unit(codes)
        is_zero = np.asarray(abs(directions).sum(axis=1)).ravel() == 0  # which have no direction, and are equal
        found = np.empty(len(taken))
        for block, similarities in cosines(directions, directions):
            alike = (similarities > self.threshold) | (is_zero[block, None] & is_zero)
            found[block] = (alike & (content != content[block, None])).any(axis=1)
        return found

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken = splits.test[: self.rows]
        return taken if len(taken) > 1 else taken[:0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        nothing = undefined(values, weights)
        return mean(values, weights) if nothing is None else nothing
