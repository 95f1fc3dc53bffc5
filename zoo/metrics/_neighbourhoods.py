"""Whether those near in one space are near in another, by their ranks there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._distances import code_vectors, raw_vectors, squared_distances
from zoo.metrics._vectors import is_finite
from zoo.metrics._weighted import mean, undefined

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_FEWEST = 3  # without one of them, nobody has a rank to lose


class Neighbourhoods:
    """The mean over held-out rows of how far, by rank, the k nearest of one space are among the k nearest of the other.

    Ties are broken at random in either space and the expectation is taken, so that codes which are all the same are
    worth about 0.5, whatever the order of the rows. A row has neighbours, is one, and is counted in the ranks of
    others; it contributes by how much the score would change without it (the jackknife's influence), so that intervals
    are for other tables. What rows keep alone would give 95% intervals that hold in about 70% of tables.

    Args:
        k: neighbours.
        rows: held-out rows to look at most, the first ones.
        distance: between raw rows and between codes alike.
    """

    unit = "share"
    higher_is_better = True
    limits = (0.0, 1.0)

    def __init__(
        self, k: PositiveInt = 10, rows: PositiveInt = 2_000, distance: Literal["euclidean", "cosine"] = "euclidean"
    ) -> None:
        self.k, self.rows, self.distance = k, rows, distance

    def shortage(self, splits: Splits) -> str:
        """Too few rows for k."""
        count = min(len(splits.test), self.rows)
        if self._is_enough(count):
            return ""
        return (
            f"k={self.k} neighbours need more than {max(2 * self.k, _FEWEST)} held-out rows, and {count} are looked at"
        )

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken = splits.test[: self.rows]
        return taken if self._is_enough(len(taken)) else taken[:0]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] the score, and how much more or less it is by each row; None for k >= rows / 2."""
        taken = self.row_numbers(splits)
        if not len(taken):
            return None
        codes = code_vectors(representation, taken, self.distance)
        if not is_finite(codes):
            return np.full(len(taken), np.nan)
        raw = raw_vectors(splits, taken, self.distance)
        lost, without = np.empty(len(taken)), np.zeros(len(taken))
        for start, both in _in_blocks(squared_distances(raw), squared_distances(codes)):
            chosen, judged = self.chosen_and_judged(*both)
            own = slice(start, start + len(chosen))
            lost[own] = ranks_beyond(chosen, judged, self.k)
            without += change_without(chosen, judged, self.k, start)
        whole = 1 - lost.sum() * _share(len(taken), self.k)
        left = 1 - (lost.sum() - lost + without) * _share(len(taken) - 1, self.k)  # [rows] the score without each
        return whole + (len(taken) - 1) * (left.mean() - left)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        nothing = undefined(values, weights)
        return mean(values, weights) if nothing is None else nothing

    def _is_enough(self, count: int) -> bool:
        return count > max(2 * self.k, _FEWEST)

    @staticmethod
    def chosen_and_judged(raw: Doubles, codes: Doubles) -> tuple[Doubles, Doubles]:
        """Distances [block, n] by which neighbours are chosen, and those by which their ranks are counted."""
        raise NotImplementedError


def _in_blocks(raw: Iterable[Doubles], codes: Iterable[Doubles]) -> Iterator[tuple[int, tuple[Doubles, Doubles]]]:
    """The number of the first row of each block, and its distances in both spaces."""
    start = 0
    for both in zip(raw, codes, strict=True):
        yield start, both
        start += len(both[0])


def _share(count: int, k: int) -> float:
    """What one rank lost costs the score of `count` rows."""
    return 2 / (count * k * (2 * count - 3 * k - 1))


def change_without(chosen: Doubles, judged: Doubles, k: int, start: int) -> Doubles:
    """How many more ranks [n] would be lost by all rows of a block but itself if a row were not there.

    A row that is no neighbour is missed in the ranks of the neighbours beyond it; for one that is, the next in line
    steps in. Here, ties count in the order of the rows.

    Args:
        chosen: distances [block, n] by which neighbours are chosen, infinite for the row itself.
        judged: those by which ranks are counted.
        k: neighbours.
        start: number of the block's first row.
    """
    count = chosen.shape[1]
    change, ranks = np.zeros(count), np.empty(count, np.int64)
    nearest = np.argsort(chosen, axis=1, kind="stable")[:, : k + 1]
    order = np.argsort(judged, axis=1, kind="stable")
    for row in range(len(chosen)):
        ranks[order[row]] = np.arange(1, count + 1)
        of_nearest = ranks[nearest[row]]
        of_neighbours = of_nearest[:k]
        far = np.sort(of_neighbours[of_neighbours > k])
        own = (np.searchsorted(far, ranks, "right") - len(far)).astype(np.float64)
        # [k, k + 1]: ranks of the neighbours and of the next in line when one of the neighbours is not there
        fewer = of_nearest - (of_neighbours[:, None] < of_nearest)
        excess = np.maximum(fewer - k, 0)
        excess[np.arange(k), np.arange(k)] = 0
        own[nearest[row, :k]] = excess.sum(axis=1) - np.maximum(of_neighbours - k, 0).sum()
        own[start + row] = 0
        change += own
    return change


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
