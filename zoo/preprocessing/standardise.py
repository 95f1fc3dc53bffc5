"""Standardising."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.moments import Moments
from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor


class Standardise(Preprocessing):
    """(x - mean) / standard deviation of each column: [batch, width] -> [batch, width].

    Mean and deviation are the weighted ones of the training rows, as scikit-learn's StandardScaler takes them. A column
    that never changes in training is only centred.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes mean and deviation [width]."""
        self.mean, self.deviation = (
            self.add_weight(shape=(input_shape[-1],), initializer=start, trainable=False, name=name)
            for name, start in (("mean", "zeros"), ("deviation", "ones"))
        )

    def adapt(self, batches: Batches) -> None:
        """Learns mean and deviation in float64; see `Preprocessing`."""
        moments = Moments.of(self.mean.shape[0], batches())
        variances = np.diag(moments.covariance())
        smallest = 10 * np.finfo(np.float64).eps * moments.mean**2  # what rounding leaves of a constant column
        self.mean.assign(moments.mean)
        self.deviation.assign(np.sqrt(np.where(variances > smallest, variances, 1.0)))

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        return (x - self.mean) / self.deviation

    def inverse(self, x: Tensor) -> Tensor:
        """Back to the units of the raw rows."""
        return x * self.deviation + self.mean
