"""The plain autoencoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from keras import ops

from zoo.bottlenecks.linear import Linear
from zoo.likelihoods._location_scale import LocationScale
from zoo.likelihoods.normal import Normal
from zoo.models.autoencoder import Autoencoder
from zoo.moments import Moments
from zoo.networks.mlp import MLP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.parts import Batches, Bottleneck, Corruption, Likelihood, Objective, Preprocessing
    from zoo.types import Activation, Fraction, LayerArguments, PositiveFloat, PositiveInt, Probability


class DenseAutoencoder(Autoencoder):
    """MLP, linear code, the mirrored MLP, normal likelihood of a fixed scale (squared error, in nats).

    Rows [batch, width] become codes [batch, latent_dim].

    Args:
        latent_dim: width of the code; None takes a quarter of the width of the table's rows, at least 2.
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
        start_at_components: training starts where code and reconstruction are those of principal components, and the
            MLPs add nothing yet; takes `skip`, a linear bottleneck and a likelihood with a location.
        **kwargs: Keras model arguments (name, dtype).

    Reference:
        Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(
        self,
        latent_dim: PositiveInt | None,
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
        start_at_components: bool = False,
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
        if latent_dim is not None and self.bottleneck.latent_dim != latent_dim:
            raise ValueError(f"latent_dim {latent_dim} and the bottleneck's {self.bottleneck.latent_dim} differ")
        self.hidden, self.activation, self.skip, self.scale, self.dropout = hidden, activation, skip, scale, dropout
        self.start_at_components = start_at_components
        linear = isinstance(self.bottleneck, Linear) and isinstance(self.likelihood, LocationScale)
        if start_at_components and not (skip and linear):
            raise ValueError(
                "start_at_components takes skip=true, a Linear bottleneck, and a likelihood with a location, such as "
                "Normal"
            )

    def solve(self, batches: Batches) -> None:
        """See `Autoencoder`; puts the linear path at the principal components."""
        super().solve(batches)
        if not self.start_at_components:
            return
        width, size = math.prod(self.row_shape), self.latent_dim
        moments = Moments.of(width, self._prepared(batches))
        directions = np.zeros((width, size))
        kept = moments.principal()[1][:, :size]
        directions[:, : kept.shape[1]] = kept
        assert isinstance(self.bottleneck, Linear)  # noqa: S101  the constructor has looked
        _start(self.bottleneck.projection, directions, -moments.mean @ directions)
        assert isinstance(self.likelihood, LocationScale)  # noqa: S101
        _start(self.likelihood.location.dense, directions.T, moments.mean)

    def _prepared(self, batches: Batches) -> Iterator[tuple[Any, Any]]:
        for rows, weights in batches():
            yield ops.convert_to_numpy(self.prepare(rows)).reshape(len(weights), -1), weights


def _start(dense: Any, linear: Any, bias: Any) -> None:
    """Weights by which the first inputs, which `zoo.networks.MLP` hands on, count alone."""
    kernel = np.zeros(tuple(dense.kernel.shape))
    kernel[: len(linear)] = linear
    dense.kernel.assign(kernel)
    dense.bias.assign(bias)
