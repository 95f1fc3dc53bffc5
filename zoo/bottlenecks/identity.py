"""The bottleneck of an encoder that makes the code itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from keras import ops

from zoo.parts import Bottleneck

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveInt


class Identity(Bottleneck):
    """z = h, with no weight and no rate: for encoders that end in as many features as the code is to have.

    Args:
        latent_dim: width of the code, and of the features.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: (when built) features of another width.
    """

    def __init__(self, latent_dim: PositiveInt, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if latent_dim < 1:
            raise ValueError(f"latent_dim must be at least 1, not {latent_dim}")
        self.latent_dim = latent_dim

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the features' shape [batch, features]; there are no weights."""
        if input_shape[-1] != self.latent_dim:
            raise ValueError(
                f"the encoder makes {input_shape[-1]} features and the code has latent_dim={self.latent_dim}: make "
                "the two equal, or take the bottleneck Linear"
            )

    def encode(self, features: Tensor) -> Tensor:
        """[batch, latent_dim] -> the same."""
        return features

    def call(self, features: Tensor, training: bool = False) -> dict[str, Tensor]:
        """See `Bottleneck`; rate and cost are 0."""
        del training
        nothing = ops.zeros(ops.shape(features)[:1], dtype="float32")
        return {"code": features, "sample": features, "rate": nothing, "cost": nothing}
