"""The multi-layer perceptron."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.networks._activations import quick
from zoo.parts import Network, flat

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Activation, Fraction, LayerArguments, PositiveInt


class MLP(Network):
    """Dense layers with an activation: [batch, width] -> [batch, hidden[-1]], or with `skip` the input beside it.

    Rows of a higher rank, such as images, are flattened.

    Args:
        hidden: widths of the layers, in order; may be empty when `skip` is True.
        activation: a Keras activation's name.
        skip: also hand the input on, so that whatever linear layer follows sees [batch, hidden[-1] + width] and the
            whole is a linear map plus a correction. A linear map of word vectors is hard to beat; this way it is the
            starting point.
        dropout: share of each layer's outputs that training drops.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: no hidden layer and no skip, or a width below 1.
    """

    def __init__(
        self,
        hidden: list[PositiveInt],
        activation: Activation = "relu",
        skip: bool = False,
        dropout: Fraction = 0.0,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.hidden, self.activation, self.skip, self.dropout = list(hidden), activation, skip, dropout
        if not self.hidden and not skip:
            raise ValueError("an MLP without a hidden layer needs skip=True")
        if min(self.hidden, default=1) < 1:
            raise ValueError(f"hidden widths must be at least 1: {self.hidden}")
        policy = self.dtype_policy
        self.layers = [
            keras.layers.Dense(width, activation=quick(activation), name=f"dense_{i}", dtype=policy)
            for i, width in enumerate(self.hidden)
        ]
        self.drop = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for rows [batch, ...]."""
        shape = (input_shape[0], _width(input_shape))
        for layer in self.layers:
            layer.build(shape)
            shape = (shape[0], layer.units)
        self.drop.build(shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, features] for rows [batch, ...]."""
        width = self.hidden[-1] if self.hidden else 0
        return (input_shape[0], width + (_width(input_shape) if self.skip else 0))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, features]."""
        x = flat(x)
        features = x
        for layer in self.layers:
            features = self.drop(layer(features), training=training)
        if not self.skip:
            return features
        return ops.concatenate([x, features], axis=-1) if self.layers else x


def _width(shape: tuple[int | None, ...]) -> int:
    return math.prod(int(size or 0) for size in shape[1:])
