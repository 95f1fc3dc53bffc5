"""Whether those near in one space are near in another, by their ranks there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._distances import code_vectors, raw_vectors, squared_distances
from zoo.metrics._vectors import is_finite
from zoo.metrics._weighted import mean, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class Neighbourhoods:
    """The mean over held-out rows of how far, by rank, the k nearest of one space are among the k nearest of the other.

    Ties are broken at random in either space and the expectation is taken, so that codes which are all the same are
    worth about 0.5, whatever the order of the rows.

    Args:
        k: neighbours.
        rows: held-out rows to look at most, the first ones.
        distance: between raw rows and between codes alike.
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self, k: PositiveInt = 10, rows: PositiveInt = 2_000, distance: Literal["euclidean", "cosine"] = "euclidean"
    ) -> None:
        self.k, self.rows, self.distance = k, rows, distance

    def shortage(self, splits: Splits) -> str:
        """Too few rows for k."""
        count = min(len(splits.test), self.rows)
        if self._is_enough(count):
            return ""
        return f"k={self.k} neighbours need more than {2 * self.k} held-out rows, and {count} are looked at"

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken = splits.test[: self.rows]
        return taken if self._is_enough(len(taken)) else taken[:0]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] what each row keeps of its neighbours, at most 1; None for k >= rows / 2."""
        taken = self.row_numbers(splits)
        if not len(taken):
            return None
        codes = code_vectors(representation, taken, self.distance)
        if not is_finite(codes):
            return np.full(len(taken), np.nan)
        raw = raw_vectors(splits, taken, self.distance)
        blocks = zip(squared_distances(raw), squared_distances(codes), strict=True)
        lost = np.concatenate([self.lost(raw_block, code_block, self.k) for raw_block, code_block in blocks])
        return 1 - 2 * lost / (self.k * (2 * len(taken) - 3 * self.k - 1))

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        nothing = undefined(values, weights)
        return mean(values, weights) if nothing is None else nothing

    def _is_enough(self, count: int) -> bool:
        return self.k < count / 2

    @staticmethod
    def lost(raw: Doubles, codes: Doubles, k: int) -> Doubles:
        """Ranks lost by the neighbours of each row [block], from its distances to all in both spaces [block, n]."""
        raise NotImplementedError


def ranks_beyond(chosen: Doubles, judged: Doubles, k: int) -> Doubles:
    """By how many ranks the k nearest by `chosen` [block, n] fall short of the k nearest by `judged`: sums [block].

    Both hold distances, infinite for the row itself. Ties are broken at random, and the expectation is taken.
    """
    kth = np.partition(chosen, k - 1, axis=1)[:, k - 1 : k]
    inside, tied = chosen < kth, chosen == kth
    share = (k - inside.sum(axis=1)) / tied.sum(axis=1)
    ordered = np.sort(judged, axis=1)
    sums = np.empty(len(chosen))
    for row, own in enumerate(ordered):
        near, edge = (_expected_excess(own, judged[row, which[row]], k).sum() for which in (inside, tied))
        sums[row] = near + share[row] * edge
    return sums


def _expected_excess(ordered: Doubles, distances: Doubles, k: int) -> Doubles:
    """E[max(rank - k, 0)] of each of some distances, its rank being any of those that its ties share."""
    first = np.searchsorted(ordered, distances, "left")
    last = np.searchsorted(ordered, distances, "right")  # ranks are first + 1 to last
    above, below = np.maximum(last - k, 0), np.maximum(first - k, 0)
    return (above * (above + 1) - below * (below + 1)) / (2.0 * (last - first))
