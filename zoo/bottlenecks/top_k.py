"""The bottleneck of a k-sparse autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Bottleneck
from zoo.replicas import whole_batch

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveInt

_FAR = 1e30  # stands for the distance of a unit that is not to be pulled; finite, so that its gradient is 0, not NaN


class TopK(Bottleneck):
    """a = W h + b; the code keeps each row's k largest a_d and has 0 elsewhere. The rate is 0.

    Activations are not rectified: a row with fewer than k positive ones keeps negative ones. W h + b is computed in
    float32 whatever the networks compute in, for rounded activations tie.

    A unit that no row chooses gets no gradient, and stays unused for ever. So a unit that no row of the last
    `dead_after` training steps chose is dead, and in each row the `auxiliary_k` dead units nearest to being chosen
    are pulled up to t, the row's k-th largest activation, until some row chooses them:

        cost = auxiliary_weight * sum over those units of max(0, t - a_d)

    h and t are constants in it, so that only the dead units' own columns of W and b are moved. Gao et al. (A.2) let
    dead units reconstruct the decoder's residual instead, which a bottleneck does not see.

    Besides the four entries of every bottleneck there is `dead` [batch], the share of dead units.

    Args:
        latent_dim: width of the code; it may exceed that of the row.
        k: values that a row keeps.
        auxiliary_weight: nats that a unit of a dead unit's distance costs; 0 lets the dead lie.
        dead_after: training steps without being chosen after which a unit is dead.
        auxiliary_k: dead units that a row pulls; None pulls k.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: k or auxiliary_k not between 1 and latent_dim, dead_after below 1, or a negative auxiliary_weight.

    Reference:
        Makhzani and Frey 2013, "k-sparse autoencoders", arXiv 1312.5663; Gao et al. 2024, "Scaling and evaluating
        sparse autoencoders", arXiv 2406.04093, section 2.3 and A.2 (dead units); Conerly et al. 2025, "Dictionary
        learning optimization techniques", Transformer Circuits (the pull, there called pre-act loss).
    """

    reports = ("dead",)

    def __init__(
        self,
        latent_dim: PositiveInt,
        k: PositiveInt,
        auxiliary_weight: NonNegativeFloat = 0.03125,
        dead_after: PositiveInt = 200,
        auxiliary_k: PositiveInt | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        for name, value in (("k", k), ("auxiliary_k", k if auxiliary_k is None else auxiliary_k)):
            if not 1 <= value <= latent_dim:
                raise ValueError(f"{name} must be between 1 and latent_dim, {latent_dim}, not {value}")
        if dead_after < 1:
            raise ValueError(f"dead_after must be at least 1, not {dead_after}")
        if auxiliary_weight < 0:
            raise ValueError(f"auxiliary_weight must not be negative: {auxiliary_weight}")
        self.latent_dim, self.k, self.auxiliary_weight = latent_dim, k, auxiliary_weight
        self.dead_after, self.auxiliary_k = dead_after, auxiliary_k
        self.projection = keras.layers.Dense(latent_dim, name="projection", dtype="float32")

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        self.projection.build(input_shape)
        # training steps since a row last chose the unit, counted up to dead_after
        self.idle = self.add_weight(
            shape=(self.latent_dim,),
            initializer="zeros",
            trainable=False,
            name="idle",
            dtype="float32",
            autocast=False,
        )

    def encode(self, features: Tensor) -> Tensor:
        """[batch, features] -> [batch, latent_dim] float32, of which k are kept."""
        return self._keep(self.projection(features))[0]

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; the rate is 0."""
        code, chosen, threshold = self._keep(self.projection(features))
        if training:
            # one more step for all units, then 0 for those that were chosen, on whichever replica
            chosen = whole_batch(ops.cast(ops.any(chosen, axis=0, keepdims=True), "float32")) > 0
            self.idle.assign(ops.where(ops.any(chosen, axis=0), 0.0, ops.minimum(self.idle + 1.0, self.dead_after)))
        dead = ops.convert_to_tensor(self.idle) >= self.dead_after
        nothing = ops.zeros(ops.shape(code)[:1], dtype="float32")
        cost = self.auxiliary_weight * self._distance(features, threshold, dead) if self.auxiliary_weight else nothing
        share = ops.mean(ops.cast(dead, "float32"))
        return {"code": code, "sample": code, "rate": nothing, "cost": cost, "dead": nothing + share}

    def _keep(self, activations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The code and which of it was chosen [batch, latent_dim], and the k-th largest activation [batch, 1]."""
        largest, units = ops.top_k(activations, self.k)
        rows = ops.broadcast_to(ops.arange(ops.shape(units)[0], dtype=units.dtype)[:, None], ops.shape(units))
        places = ops.reshape(ops.stack([rows, units], axis=-1), (-1, 2))
        # by place, not by comparison with the k-th largest: of equal activations some are left out
        chosen = ops.scatter(places, ops.reshape(ops.ones_like(largest), (-1,)), ops.shape(activations)) > 0
        return ops.where(chosen, activations, 0.0), chosen, largest[:, -1:]

    def _distance(self, features: Tensor, threshold: Tensor, dead: Tensor) -> Tensor:
        """How far the dead units nearest to being chosen are from it, summed over them: [batch]."""
        activations = self.projection(ops.stop_gradient(features))
        distances = ops.where(dead, ops.relu(ops.stop_gradient(threshold) - activations), _FAR)
        nearest = -ops.top_k(-distances, self.auxiliary_k or self.k)[0]
        return ops.sum(ops.where(nearest < _FAR, nearest, 0.0), axis=-1)
