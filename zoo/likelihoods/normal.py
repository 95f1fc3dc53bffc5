"""The normal likelihood of real-valued rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tensorflow_probability as tfp
from keras import ops

from zoo.likelihoods._location_scale import LocationScale

if TYPE_CHECKING:
    from zoo.parts import Tensor


class Normal(LocationScale):
    """p(x|z) = N(x; W h + b, scale^2 I), h being the decoder's features: squared error, in nats.

    Args:
        scale: standard deviation of every dimension, in the units of the preprocessed row.
        learn_scale: whether training may change the scale (one number for all dimensions).
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.

    Reference:
        Rybkin, Daniilidis and Levine 2021, "Simple and effective VAE training with calibrated decoders" (learn_scale).
    """

    def distribution(self, features: Tensor) -> Any:
        """N(location, scale) for every dimension: batch shape [batch, ...]."""
        return tfp.distributions.Normal(self.mean(features), ops.exp(self.log_scale))
