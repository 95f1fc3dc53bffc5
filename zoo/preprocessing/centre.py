"""Centring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.moments import Moments
from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor


class Centre(Preprocessing):
    """x - mean, the mean being the weighted one of the training rows: [batch, width] -> [batch, width]."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean [width]."""
        self.mean = self.add_weight(shape=(input_shape[-1],), initializer="zeros", trainable=False, name="mean")

    def adapt(self, batches: Batches) -> None:
        """Learns the mean in float64; see `Preprocessing`."""
        self.mean.assign(Moments.of(self.mean.shape[0], batches()).mean)

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        return x - self.mean

    def inverse(self, x: Tensor) -> Tensor:
        """Adds the mean again."""
        return x + self.mean
