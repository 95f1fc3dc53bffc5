"""The variational autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from zoo.bottlenecks.gaussian import Gaussian
from zoo.likelihoods.normal import Normal
from zoo.models.autoencoder import Autoencoder
from zoo.networks.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Corruption, Objective, Preprocessing
    from zoo.types import (
        Activation,
        LayerArguments,
        NonNegativeFloat,
        NonNegativeInt,
        PositiveFloat,
        PositiveInt,
        Probability,
    )


class VAE(Autoencoder):
    """MLP, diagonal Gaussian posterior, the mirrored MLP, normal likelihood.

    Rows [batch, width] become codes [batch, latent_dim], the posterior's means.

    Args:
        latent_dim: width of the code.
        hidden: widths of the encoder's layers; the decoder mirrors them.
        activation: a Keras activation's name.
        skip: a linear map beside each MLP, see `zoo.networks.MLP`.
        scale: standard deviation of the likelihood, in the units of the preprocessed row.
        learn_scale: whether training may change that scale.
        weight: factor of the rate in the loss (beta).
        warmup_epochs: epochs over which the weight grows to its full value.
        free_bits: nats that each dimension may use before its rate costs anything.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order.
        terms: further terms of the loss by name.
        false_alarm_rate: see `zoo.models.Autoencoder`.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        Kingma and Welling 2014, "Auto-encoding variational Bayes"; Higgins et al. 2017, "beta-VAE".
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        hidden: list[PositiveInt],
        activation: Activation = "relu",
        skip: bool = False,
        scale: PositiveFloat = 1.0,
        learn_scale: bool = False,
        weight: NonNegativeFloat = 1.0,
        warmup_epochs: NonNegativeInt = 0,
        free_bits: NonNegativeFloat = 0.0,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        false_alarm_rate: Probability | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        hidden = list(hidden)
        dtype: Any = kwargs.get("dtype")
        super().__init__(
            encoder=MLP(hidden, activation, skip, name="encoder", dtype=dtype),
            bottleneck=Gaussian(latent_dim, weight, warmup_epochs, free_bits, name="bottleneck", dtype=dtype),
            decoder=MLP(hidden[::-1], activation, skip, name="decoder", dtype=dtype),
            likelihood=Normal(scale, learn_scale, name="likelihood"),
            corruption=corruption,
            preprocess=preprocess,
            terms=terms,
            false_alarm_rate=false_alarm_rate,
            **kwargs,
        )
        self.hidden, self.activation, self.skip = hidden, activation, skip
        self.scale, self.learn_scale = scale, learn_scale
        self.weight, self.warmup_epochs, self.free_bits = weight, warmup_epochs, free_bits
