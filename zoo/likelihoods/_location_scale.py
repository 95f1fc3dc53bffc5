"""What likelihoods with a location and a scale have in common."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import keras
from keras import ops

from zoo.likelihoods._parameters import Parameters
from zoo.parts import Likelihood, flat

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveFloat


class LocationScale(Likelihood):
    """p(x|z) of independent dimensions, the locations linear in the decoder's features, one scale for all.

    Args:
        scale: of every dimension, in the units of the preprocessed row.
        learn_scale: whether training may change the scale (one number for all dimensions).
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.
    """

    def __init__(self, scale: PositiveFloat = 1.0, learn_scale: bool = False, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.scale, self.learn_scale = scale, learn_scale

    def build(self, features_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, ...] and rows [batch, ...]."""
        self.location = Parameters(name="location", dtype=self.dtype_policy)
        self.location.build(features_shape, target_shape)
        self.add_scale()

    def add_scale(self) -> None:
        """Makes the one scale of all dimensions."""
        self.log_scale = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(math.log(self.scale)),
            trainable=self.learn_scale,
            name="log_scale",
            dtype="float32",
        )

    def distribution(self, features: Tensor) -> Any:
        """The tfp distribution of every dimension: batch shape [batch, ...]."""
        raise NotImplementedError

    def mean(self, features: Tensor) -> Tensor:
        """Mean of p(x|z): [batch, ...] -> rows [batch, ...]."""
        return self.location(features)

    def call(self, features: Tensor, target: Tensor, training: bool = False) -> Tensor:
        """Log p(x|z) [batch] in nats, for features [batch, ...] and rows [batch, ...]."""
        del training
        return ops.sum(flat(self.distribution(features).log_prob(ops.cast(target, "float32"))), axis=-1)
