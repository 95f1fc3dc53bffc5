"""The residual convolutional decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

import keras

from zoo.networks._residual_block import ResidualBlock
from zoo.parts import Network

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Activation, Fraction, LayerArguments, PositiveInt


class ResidualDecoder(Network):
    """Codes [batch, latent_dim] -> features [batch, height, width, channels], as large as the image that is wanted.

    A dense layer makes a small image, then one stage for each of `widths` doubles it by nearest-neighbour resizing,
    which leaves no checkerboard as transposed convolutions do, followed by residual blocks; what is over is cropped, so
    that any size can be met. `upscale` resizes once more at the end, so that the last stage works at half the size.

    Args:
        widths: channels of the stages, in order; mirror the encoder's.
        blocks: residual blocks a stage.
        upscale: resizing after the last stage, 1 or 2; mirror the encoder's `stem_stride`.
        activation: a Keras activation's name.
        normalisation: `batch` or `none`, see `zoo.networks.ResidualEncoder`.
        dropout: share of the first features that training drops.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: no stage, or rows that are not images.

    Reference:
        Odena, Dumoulin and Olah 2016, "Deconvolution and checkerboard artifacts" (resize, then convolve).
    """

    needs_target = True

    def __init__(
        self,
        widths: list[PositiveInt],
        blocks: PositiveInt = 1,
        upscale: Literal[1, 2] = 1,
        activation: Activation = "relu",
        normalisation: Literal["none", "batch"] = "none",
        dropout: Fraction = 0.0,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if not widths:
            raise ValueError("a residual decoder needs at least one stage: give widths, such as [128, 64, 32]")
        self.widths, self.blocks, self.upscale, self.activation = list(widths), blocks, upscale, activation
        self.normalisation, self.dropout = normalisation, dropout
        policy: Any = self.dtype_policy
        self.stages = [
            [
                ResidualBlock(
                    width, 1, activation, normalisation, double=i == 0, name=f"stage_{s}_block_{i}", dtype=policy
                )
                for i in range(blocks)
            ]
            for s, width in enumerate(self.widths)
        ]
        self.double = keras.layers.UpSampling2D(2, dtype=policy)
        self.act = keras.layers.Activation(activation, dtype=policy)
        self.last = None
        if upscale == 2:
            thin = max(self.widths[-1] // 4, 1)
            self.last = keras.layers.Conv2D(thin, 3, padding="same", activation=activation, name="last", dtype=policy)
        self.drop = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape: tuple[int | None, ...], target_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for codes [batch, latent_dim] and images [batch, height, width, channels]."""
        if len(target_shape) != 4:
            raise ValueError(f"makes images [batch, height, width, channels], not rows of shape {target_shape[1:]}")
        self.size = (int(target_shape[1] or 0), int(target_shape[2] or 0))
        factor = 2 ** len(self.widths) * self.upscale
        height, width = (-(-side // factor) for side in self.size)
        policy: Any = self.dtype_policy
        self.first = keras.layers.Dense(height * width * self.widths[0], name="first", dtype=policy)
        self.first.build(input_shape)
        self.reshape = keras.layers.Reshape((height, width, self.widths[0]), dtype=policy)
        shape: tuple[int | None, ...] = (input_shape[0], height, width, self.widths[0])
        for stage in self.stages:
            for block in stage:
                block.build(shape)
                shape = block.compute_output_shape(shape)
        if self.last is not None:
            self.last.build((shape[0], 2 * int(shape[1] or 0), 2 * int(shape[2] or 0), shape[3]))
        self.drop.build(input_shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, height, width, channels]."""
        return (input_shape[0], *self.size, self.widths[-1] if self.last is None else self.last.filters)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, latent_dim] -> [batch, height, width, channels]."""
        x = self.reshape(self.drop(self.first(x), training=training))
        for stage in self.stages:
            for block in stage:
                x = block(x, training=training)
        x = self.act(x)
        if self.last is not None:
            x = self.last(self.double(x))
        height, width = self.size
        top, left = (int(x.shape[1]) - height) // 2, (int(x.shape[2]) - width) // 2
        return x[:, top : top + height, left : left + width]
