"""Mean and covariance of a table that is seen block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zoo.types import Doubles, Floats


class Moments:
    """Weighted mean and covariance in float64, in one pass and without a second copy of the table.

    Args:
        width: columns of a row.

    Attributes:
        weight: sum of the weights seen so far.
        mean: [width].

    Reference:
        Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance", eq. 2.1, with weights.
    """

    def __init__(self, width: int) -> None:
        self.weight = 0.0
        self.mean: Doubles = np.zeros(width)
        self._scatter: Doubles = np.zeros((width, width))

    @classmethod
    def of(cls, width: int, batches: Iterable[tuple[Floats, Floats]]) -> Moments:
        """Those of all blocks [rows, width] with weights [rows]."""
        moments = cls(width)
        for block, weights in batches:
            moments.update(block, weights)
        return moments

    def update(self, block: Floats, weights: Floats) -> None:
        """Adds a block [rows, width] with weights [rows]."""
        rows, shares = block.astype(np.float64), weights.astype(np.float64)
        weight = shares.sum()
        if not weight > 0:  # a block whose rows all count nothing
            return
        mean = shares @ rows / weight
        centred, shift, total = rows - mean, mean - self.mean, self.weight + weight
        self._scatter += (centred * shares[:, None]).T @ centred
        self._scatter += np.outer(shift, shift) * (self.weight * weight / total)
        self.mean = self.mean + shift * (weight / total)
        self.weight = total

    def covariance(self) -> Doubles:
        """[width, width], divided by the sum of the weights."""
        return self._scatter / self.weight

    def principal(self, about_mean: bool = True) -> tuple[Doubles, Doubles]:
        """Variances [width], descending, and the principal directions [width, width], one a column.

        Args:
            about_mean: False takes mean squares instead, of the rows as they are.
        """
        seconds = self.covariance() + (0.0 if about_mean else np.outer(self.mean, self.mean))
        variances, directions = np.linalg.eigh(seconds)
        return np.maximum(variances[::-1], 0.0), directions[:, ::-1]

    def principal_standardised(self) -> tuple[Doubles, Doubles]:
        """As `principal`, of standardised columns; directions [width, width] take columns less their mean, as they are.

        A column that never changes counts nothing.
        """
        covariance = self.covariance()
        deviations = np.sqrt(np.diag(covariance))
        shares = np.divide(1.0, deviations, out=np.zeros_like(deviations), where=deviations > 0)
        variances, directions = np.linalg.eigh(covariance * np.outer(shares, shares))
        return np.maximum(variances[::-1], 0.0), directions[:, ::-1] * shares[:, None]
