"""The Laplace likelihood of real-valued rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow_probability as tfp
from keras import ops

from zoo.likelihoods._location_scale import LocationScale

if TYPE_CHECKING:
    from zoo.parts import Tensor


class Laplace(LocationScale):
    """p(x|z) = product over dimensions of exp(-|x - location| / scale) / (2 scale): absolute error, in nats.

    An outlier costs in proportion to its distance, not to the square of it.

    Args:
        scale: of every dimension (the standard deviation is sqrt(2) times as much), in the preprocessed row's units.
        learn_scale: whether training may change the scale (one number for all dimensions).
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.

    Reference:
        Laplace 1774; as an image model see Zhao et al. 2017, "Loss functions for image restoration", section III.
    """

    def distribution(self, features: Tensor) -> Any:
        """Laplace(location, scale) for every dimension: batch shape [batch, ...]."""
        return tfp.distributions.Laplace(self.mean(features), ops.exp(self.log_scale))
