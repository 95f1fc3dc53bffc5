"""The plain autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from zoo.bottlenecks.linear import Linear
from zoo.likelihoods.normal import Normal
from zoo.models.autoencoder import Autoencoder
from zoo.networks.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Bottleneck, Corruption, Likelihood, Objective, Preprocessing
    from zoo.types import Activation, Fraction, LayerArguments, PositiveFloat, PositiveInt, Probability


class DenseAutoencoder(Autoencoder):
    """MLP, linear code, the mirrored MLP, normal likelihood of a fixed scale (squared error, in nats).

    Rows [batch, width] become codes [batch, latent_dim].

    Args:
        latent_dim: width of the code.
        hidden: widths of the encoder's layers; the decoder mirrors them.
        activation: a Keras activation's name.
        skip: a linear map beside each MLP, see `zoo.networks.MLP`.
        scale: standard deviation of the likelihood, in the units of the preprocessed row.
        dropout: share of each layer's outputs that training drops.
        bottleneck: another one than the linear; its latent_dim counts.
        likelihood: another one than the normal of that scale.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order.
        terms: further terms of the loss by name.
        false_alarm_rate: see `zoo.models.Autoencoder`.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        hidden: list[PositiveInt],
        activation: Activation = "relu",
        skip: bool = False,
        scale: PositiveFloat = 1.0,
        dropout: Fraction = 0.0,
        bottleneck: Bottleneck | None = None,
        likelihood: Likelihood | None = None,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        false_alarm_rate: Probability | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        hidden = list(hidden)
        dtype: Any = kwargs.get("dtype")
        super().__init__(
            encoder=MLP(hidden, activation, skip, dropout, name="encoder", dtype=dtype),
            bottleneck=bottleneck or Linear(latent_dim, name="bottleneck", dtype=dtype),
            decoder=MLP(hidden[::-1], activation, skip, dropout, name="decoder", dtype=dtype),
            likelihood=likelihood or Normal(scale, name="likelihood"),
            corruption=corruption,
            preprocess=preprocess,
            terms=terms,
            false_alarm_rate=false_alarm_rate,
            **kwargs,
        )
        if self.bottleneck.latent_dim != latent_dim:
            raise ValueError(f"latent_dim {latent_dim} and the bottleneck's {self.bottleneck.latent_dim} differ")
        self.hidden, self.activation, self.skip, self.scale, self.dropout = hidden, activation, skip, scale, dropout
