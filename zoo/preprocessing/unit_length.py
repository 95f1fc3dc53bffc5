"""Length normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor

# Far below any real row's length in float32, far above its smallest normal number squared.
_SMALLEST_LENGTH = 1e-12


class UnitLength(Preprocessing):
    """x / |x|: [batch, width] -> [batch, width]. A row of zeros stays a row of zeros."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean length, a scalar."""
        del input_shape
        self.mean_length = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="mean_length", dtype="float32"
        )

    def adapt(self, batches: Batches) -> None:
        """Learns the mean length of the training rows, which `inverse` needs; see `Preprocessing`."""
        lengths = [np.linalg.norm(block, axis=1) for block in batches()]
        self.mean_length.assign(np.concatenate(lengths).mean() if lengths else 1.0)

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        length = ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))
        return x / ops.maximum(length, ops.cast(_SMALLEST_LENGTH, x.dtype))

    def inverse(self, x: Tensor) -> Tensor:
        """Scales every row by the mean length of the training rows: their own lengths are gone."""
        return x * ops.cast(self.mean_length, x.dtype)
