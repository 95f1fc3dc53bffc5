"""The normal likelihood of real-valued rows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Unpack

import keras
import tensorflow_probability as tfp
from keras import ops

from zoo.parts import Likelihood

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveFloat

tfd = tfp.distributions


class Normal(Likelihood):
    """p(x|z) = N(x; W h + b, scale^2 I), h being the decoder's features.

    Args:
        scale: standard deviation of every dimension, in the units of the preprocessed row.
        learn_scale: whether training may change the scale (one number for all dimensions).
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.

    Reference:
        Rybkin, Daniilidis and Levine 2021, "Simple and effective VAE training with calibrated decoders" (learn_scale).
    """

    def __init__(self, scale: PositiveFloat = 1.0, learn_scale: bool = False, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.scale, self.learn_scale = scale, learn_scale

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features] and rows [batch, width]."""
        self.location = keras.layers.Dense(target_shape[-1], name="location", dtype=self.dtype_policy)
        self.location.build(features_shape)
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(math.log(self.scale)),
            trainable=self.learn_scale,
            name="log_scale",
            dtype="float32",
        )

    def mean(self, features: Tensor) -> Tensor:
        """Mean of p(x|z): [batch, features] -> [batch, width]."""
        return ops.cast(self.location(features), "float32")

    def call(self, features: Tensor, target: Tensor) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, features] and rows [batch, width]."""
        distribution = tfd.Normal(self.mean(features), ops.exp(self.log_scale))
        return ops.sum(distribution.log_prob(ops.cast(target, "float32")), axis=-1)
