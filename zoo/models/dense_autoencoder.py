"""The plain autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Unpack

from zoo.bottlenecks.linear import Linear
from zoo.likelihoods.normal import Normal
from zoo.models.autoencoder import Autoencoder
from zoo.networks.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.parts import Corruption, Objective, Preprocessing
    from zoo.types import LayerArguments, PositiveFloat, PositiveInt


class DenseAutoencoder(Autoencoder):
    """MLP, linear code, the mirrored MLP, normal likelihood of a fixed scale (squared error, in nats).

    Rows [batch, width] become codes [batch, latent_dim].

    Args:
        latent_dim: width of the code.
        hidden: widths of the encoder's layers; the decoder mirrors them.
        activation: a Keras activation's name.
        skip: a linear map beside each MLP, see `zoo.networks.MLP`.
        scale: standard deviation of the likelihood, in the units of the preprocessed row.
        corruption: damages the encoder's input while training.
        preprocess: adapted layers by name, applied in order.
        terms: further terms of the loss by name.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        hidden: list[PositiveInt],
        activation: str = "relu",
        skip: bool = False,
        scale: PositiveFloat = 1.0,
        corruption: Corruption | None = None,
        preprocess: Mapping[str, Preprocessing] | None = None,
        terms: Mapping[str, Objective] | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        hidden = list(hidden)
        dtype: Any = kwargs.get("dtype")
        super().__init__(
            encoder=MLP(hidden, activation, skip, name="encoder", dtype=dtype),
            bottleneck=Linear(latent_dim, name="bottleneck", dtype=dtype),
            decoder=MLP(hidden[::-1], activation, skip, name="decoder", dtype=dtype),
            likelihood=Normal(scale, name="likelihood"),
            corruption=corruption,
            preprocess=preprocess,
            terms=terms,
            **kwargs,
        )
        self.hidden, self.activation, self.skip, self.scale = hidden, activation, skip, scale
