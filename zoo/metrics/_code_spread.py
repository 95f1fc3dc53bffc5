"""How codes lie in their space: sums over all pairs of rows, without a matrix of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._vectors import is_finite, narrow, unit, vectors
from zoo.metrics._weighted import undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_BLOCK = 512
_LEAST = 3  # rows, of which the jackknife leaves out one


class CodeSpread:
    """What a subclass computes of how the codes of held-out rows lie in their space; it describes.

    Args:
        rows: held-out rows to look at most, the first ones.
    """

    higher_is_better = None
    interval = "jackknife"  # repeated rows span fewer directions, and have cosines of 1
    is_of_so_many_rows = True  # n rows span at most n - 1 directions
    at_length_1 = False

    def __init__(self, rows: PositiveInt = 2_000) -> None:
        self.rows = rows

    def shortage(self, splits: Splits) -> str:
        """Too few rows."""
        return "" if len(self.row_numbers(splits)) else f"at least {_LEAST} rows must be held out"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, <= rows + 1]: codes, and how many dimensions they have; None with fewer than 3 rows.

        Codes with more dimensions than rows are turned into as many dimensions as there are rows, which keeps all
        inner products and so the spectrum. NaN if they are not finite.
        """
        taken = self.row_numbers(splits)
        if not len(taken):
            return None
        codes = vectors(representation, taken)
        size = codes.shape[1]
        if not is_finite(codes):
            return np.full((len(taken), 2), np.nan)
        codes = narrow(unit(codes) if self.at_length_1 else codes)
        return np.column_stack([codes, np.full(len(codes), size)])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken = splits.test[: self.rows]
        return taken if len(taken) >= _LEAST else taken[:0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """What `measure` says of the codes; NaN if they are not finite."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        return self.measure(values[:, :-1], int(values[0, -1]), weights)

    @staticmethod
    def measure(codes: Doubles, size: int, weights: Doubles) -> Doubles:
        """The measure [resamples] of codes [rows, ...] that had `size` dimensions, for weights [resamples, rows]."""
        raise NotImplementedError


def squared_products(codes: Doubles, weights: Doubles) -> Doubles:
    """Sums [resamples] over all pairs of rows, a row and itself included, of w_i w_j (x_i . x_j)^2.

    That is the squared Frobenius norm of sum_i w_i x_i x_i^T, which is cheaper where rows have few dimensions.
    """
    first, second = np.triu_indices(codes.shape[1])
    if len(first) >= len(codes):
        return _by_pairs(codes, weights)
    sums = np.zeros((len(weights), len(first)))
    for start in range(0, len(codes), _BLOCK):
        block = slice(start, start + _BLOCK)
        sums += weights[:, block] @ (codes[block, first] * codes[block, second])
    return (sums**2) @ np.where(first == second, 1.0, 2.0)


def _by_pairs(codes: Doubles, weights: Doubles) -> Doubles:
    sums = np.zeros(len(weights))
    for start in range(0, len(codes), _BLOCK):
        block = slice(start, start + _BLOCK)
        squares = (codes[block] @ codes.T) ** 2
        sums += ((weights[:, block] @ squares) * weights).sum(axis=1)
    return sums


def covariance_moments(codes: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Sum and sum of squares [resamples] of the eigenvalues of the covariance of codes [n, dimensions].

    The trace of C, and that of C^2 = sum_ij w_i w_j ((x_i - m) . (x_j - m))^2 / n^2, multiplied out so that the
    products of rows are the same for all means m.
    """
    codes = codes - codes.mean(axis=0)  # so that differences of moments lose no digits
    shares = weights / weights.sum(axis=1, keepdims=True)
    means = shares @ codes
    lengths = (means**2).sum(axis=1)
    trace = shares @ (codes**2).sum(axis=1) - lengths
    squares = squared_products(codes, shares) - 2 * (shares * (means @ codes.T) ** 2).sum(axis=1) + lengths**2
    return trace, squares
