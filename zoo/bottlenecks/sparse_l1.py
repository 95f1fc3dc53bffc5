"""The bottleneck of a sparse autoencoder with an L1 penalty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Bottleneck

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveInt


class SparseL1(Bottleneck):
    """z = relu(W h + b), or without the relu, and each row pays weight * sum_d |z_d|; the rate is 0.

    The L1 norm is the negative logarithm, up to a constant, of a Laplace density with rate `weight`, but z is no
    sample of a posterior, so that the code has no rate in nats. Exact zeros need the relu: without it the penalty
    only draws values towards 0.

    The penalty has a way out: the decoder's first weights may grow while the codes shrink by as much, which keeps the
    reconstruction and lowers the cost without a single zero. Where that happens (codes near 0, none of them 0),
    `TopK` is sparse whatever the scale.

    Args:
        latent_dim: width of the code; it may exceed that of the row.
        weight: nats that a unit of |z_d| costs.
        non_negative: whether z is rectified.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: latent_dim below 1, or a negative weight.

    Reference:
        Olshausen and Field 1997, "Sparse coding with an overcomplete basis set", eq. 7; Cunningham et al. 2023,
        "Sparse autoencoders find highly interpretable features in language models", arXiv 2309.08600, eq. 4.
    """

    def __init__(
        self,
        latent_dim: PositiveInt,
        weight: NonNegativeFloat,
        non_negative: bool = True,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        if weight < 0:
            raise ValueError(f"weight must not be negative: {weight}")
        self.latent_dim, self.weight, self.non_negative = latent_dim, weight, non_negative
        self.projection = keras.layers.Dense(latent_dim, name="projection", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        self.projection.build(input_shape)

    def encode(self, features: Tensor) -> Tensor:
        """[batch, features] -> [batch, latent_dim] float32."""
        code = ops.cast(self.projection(features), "float32")
        return ops.relu(code) if self.non_negative else code

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; the rate is 0."""
        del training
        code = self.encode(features)
        return {
            "code": code,
            "sample": code,
            "rate": ops.zeros(ops.shape(code)[:1], dtype="float32"),
            "cost": self.weight * ops.sum(ops.abs(code), axis=-1),
        }
