"""Whether a record that someone else would write finds the record it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._copies import copies as copies_of
from zoo.metrics._vectors import cosines, is_finite, nearest, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


class CopyRecall:
    """Share of held-out records that are among the k nearest, by cosine, of a copy of theirs with errors put in.

    Of records that are exactly equal, any counts.

    Needs no labels. The errors are those that the source was told of, see `zoo.rows.record_errors`: what it says is how
    codes bear these, and not what other errors there are.

    Args:
        k: records to look at.
        rows: held-out rows to look at most.
        seed: of the errors.
    """

    unit = "share"
    higher_is_better = True
    limits = (0.0, 1.0)

    def __init__(self, k: PositiveInt = 1, rows: PositiveInt = 5_000, seed: Seed = 0) -> None:
        self.k, self.rows, self.seed = k, rows, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[records] 1 or 0; None for rows that nobody knows how to write otherwise, or no more than k of them."""
        taken = self.row_numbers(splits)
        copies = splits.rewritten(taken, self.seed) if len(taken) else None
        if copies is None:
            return None
        own, others = vectors(representation, taken), vectors(representation.on(copies), copies.test)
        if not (is_finite(own) and is_finite(others)):
            return np.full(len(taken), np.nan)
        found, same = np.empty(len(taken)), copies_of(splits, taken)  # which of equal records it is nobody can know
        for block, similarities in cosines(unit(others), unit(own)):
            places = np.arange(len(taken))[block]
            found[block] = (same[nearest(similarities, self.k)] == same[places, None]).any(axis=1)
        return found

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken = splits.test[: self.rows]
        asked = len(taken) > self.k and splits.rewritten(taken[:1], self.seed) is not None
        return taken if asked else taken[:0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean share."""
        return mean(values, weights)
