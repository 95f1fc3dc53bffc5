"""How a likelihood reads its parameters off the decoder's features."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from zoo.parts import flat

if TYPE_CHECKING:
    from zoo.parts import Tensor


class Parameters(keras.layers.Layer):
    """A linear map from features to `numbers` parameters for each of a row's dimensions, in float32.

    Features of the rows' own rank above 2 (an image's, as large as the image) are mapped place by place, which is a
    1 x 1 convolution; any others are flattened and mapped whole.

    Args:
        numbers: parameters a dimension; above 1 they are the result's last axis.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: when built with features of the rows' rank but of another size.
    """

    def __init__(self, numbers: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.numbers = numbers

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and rows [batch, ...]."""
        row = tuple(int(size or 0) for size in target_shape[1:])
        self.placewise = len(row) > 1 and len(features_shape) == len(target_shape)
        if self.placewise and tuple(features_shape[1:-1]) != row[:-1]:
            raise ValueError(f"features of {features_shape[1:-1]} places do not fit rows of {row[:-1]}")
        self.shape_of_row = (*row, self.numbers) if self.numbers > 1 else row
        width = row[-1] if self.placewise else math.prod(row)
        policy: Any = self.dtype_policy
        self.dense = keras.layers.Dense(width * self.numbers, name="dense", dtype=policy)
        self.dense.build(
            features_shape
            if self.placewise
            else (features_shape[0], math.prod(int(size or 0) for size in features_shape[1:]))
        )

    def call(self, features: Tensor) -> Tensor:
        """Features [batch, ...] -> [batch, ...] or, with several numbers a dimension, [batch, ..., numbers]."""
        mapped = ops.cast(self.dense(features if self.placewise else flat(features)), "float32")
        return ops.reshape(mapped, (-1, *self.shape_of_row))
