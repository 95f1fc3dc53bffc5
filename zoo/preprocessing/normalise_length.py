"""Length normalisation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from keras import ops

from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, PositiveFloat

# Far below any real row's length in float32, far above its smallest normal number squared.
_SMALLEST_LENGTH = 1e-12


class NormaliseLength(Preprocessing):
    """length * x / |x|: [batch, width] -> [batch, width]. A row of zeros stays a row of zeros.

    Args:
        length: what every row's length becomes; None takes sqrt(width), which gives the columns a mean square of 1.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a length that is not positive.
    """

    def __init__(self, length: PositiveFloat | None = 1.0, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if length is not None and length <= 0:
            raise ValueError(f"length must be positive, not {length}")
        self.length = length

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean length, a scalar."""
        self._target = self.length or float(int(input_shape[-1] or 1)) ** 0.5
        self.mean_length = self.add_weight(
            shape=(), initializer="ones", trainable=False, name="mean_length", dtype="float32"
        )

    def adapt(self, batches: Batches) -> None:
        """Learns the mean length of the training rows, which `inverse` needs; see `Preprocessing`."""
        total, weight = 0.0, 0.0
        for block, weights in batches():
            total += float(weights @ np.linalg.norm(block, axis=1))
            weight += float(weights.sum())
        self.mean_length.assign(total / weight)

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        length = ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))
        return x * (self._target / ops.maximum(length, ops.cast(_SMALLEST_LENGTH, x.dtype)))

    def inverse(self, x: Tensor) -> Tensor:
        """Scales every row so that the mean length is that of the training rows: their own lengths are gone."""
        return x * (ops.cast(self.mean_length, x.dtype) / self._target)
