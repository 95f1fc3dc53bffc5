"""Centring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor


class Centre(Preprocessing):
    """x - mean, the mean being that of the training rows: [batch, width] -> [batch, width]."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean [width]."""
        self.mean = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False, name="mean")

    def adapt(self, batches: Batches) -> None:
        """Learns the mean in float64; see `Preprocessing`."""
        total, count = np.zeros(self.mean.shape), 0
        for block in batches():
            total += block.sum(axis=0, dtype=np.float64)
            count += len(block)
        self.mean.assign(total / max(count, 1))

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        return x - self.mean

    def inverse(self, x: Tensor) -> Tensor:
        """Adds the mean again."""
        return x + self.mean
