"""Whether a few codes are everybody's neighbours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._largest import places_of_largest
from zoo.metrics._vectors import evenly, is_finite, products, unit, vectors
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_BLOCK = 512  # rows at a time: 512 x 5,000 cosines are 20 MB
_ROUNDING = 1e-12  # of a mean square: what is left of the variance of equal counts


class Hubness:
    """Skewness of k-occurrence: how often each row is among the k nearest of another, by cosine of codes.

    0 where every row is a neighbour about as often; in hub-ridden codes a few rows are near to very many, such as rare
    words that come up whatever is asked for, and the distribution has a long right tail. The rows compared are held
    out, evenly spread over the table. Resampling takes each row's count as it is, as if the neighbours were given, so
    that intervals are for these rows rather than for other tables.

    Args:
        k: neighbours.
        rows: held-out rows to compare at most.

    Reference:
        Radovanović, Nanopoulos and Ivanović 2010, "Hubs in space: popular nearest neighbors in high-dimensional data".
    """

    unit = "skewness"
    higher_is_better = False

    def __init__(self, k: PositiveInt = 10, rows: PositiveInt = 5_000) -> None:
        self.k, self.rows = k, rows

    def shortage(self, splits: Splits) -> str:
        """No more rows than neighbours."""
        found = min(len(splits.test), self.rows)
        return "" if found > self.k else f"k={self.k} neighbours need more held-out rows than {found}"

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        test = np.sort(splits.test)
        if min(len(test), self.rows) <= self.k:
            return test[:0]
        return evenly(test, self.rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] how often each is among the k nearest of another; NaN if codes are not finite; None for k >= rows."""
        taken = self.row_numbers(splits)
        if not len(taken):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full(len(taken), np.nan)
        codes = unit(codes)
        counts = np.zeros(len(taken))
        for start in range(0, len(taken), _BLOCK):
            near = np.asarray(products(codes[start : start + _BLOCK], codes))
            near[np.arange(len(near)), start + np.arange(len(near))] = -np.inf
            nearest = places_of_largest(near, self.k)
            counts += np.bincount(nearest.ravel(), minlength=len(taken))
        return counts

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The weighted skewness; NaN where all counts are the same."""
        total = weights.sum(axis=1)
        about = values - values.mean()  # so that little is lost where powers are taken from each other
        mean, square, cube = (weights @ about**power / total for power in (1, 2, 3))
        variance, third = square - mean**2, cube - 3 * mean * square + 2 * mean**3
        variance[variance <= _ROUNDING * square] = 0
        return ratio(third, variance**1.5)
