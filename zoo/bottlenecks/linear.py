"""The under-complete bottleneck of a plain autoencoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Bottleneck

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveInt


class Linear(Bottleneck):
    """z = W h + b: fewer dimensions than the input, and no rate.

    Args:
        latent_dim: width of the code.
        **kwargs: Keras layer arguments (name, dtype).

    Reference:
        Hinton and Salakhutdinov 2006, "Reducing the dimensionality of data with neural networks".
    """

    def __init__(self, latent_dim: PositiveInt, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        self.latent_dim = latent_dim
        self.projection = keras.layers.Dense(latent_dim, name="projection", dtype=self.dtype_policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for features [batch, features]."""
        self.projection.build(input_shape)

    def encode(self, features: Tensor) -> Tensor:
        """[batch, features] -> [batch, latent_dim]."""
        return self.projection(features)

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; rate and cost are 0."""
        del training
        code = self.encode(features)
        nothing = ops.zeros(ops.shape(code)[:1], dtype="float32")
        return {"code": code, "sample": code, "rate": nothing, "cost": nothing}
