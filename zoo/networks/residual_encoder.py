"""The residual convolutional encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

import keras
from keras import ops

from zoo.networks._residual_block import ResidualBlock, chained
from zoo.networks._whole_batch_normalization import WholeBatchNormalization
from zoo.parts import Network

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Activation, Fraction, LayerArguments, PositiveInt


class ResidualEncoder(Network):
    """Images [batch, height, width, channels] -> features [batch, height', width', widths[-1]].

    A stem convolution, then one stage for each of `widths`, whose first block halves the image (rounding up, so any
    size will do), then the activation. Blocks are pre-activated: x + conv(act(conv(act(x)))).

    Args:
        widths: channels of the stages, in order.
        blocks: residual blocks a stage.
        stem_stride: stride of the stem's convolution; 2 halves the image once more, before the stages.
        activation: a Keras activation's name.
        normalisation: `batch` puts batch normalisation before each activation; `none` leaves it out. On CPUs
            normalisation costs as much as the convolutions, and shallow residual networks train without.
        dropout: share of the last features that training drops.
        pool: average the last features over the image's places instead of keeping them all.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: no stage.

    Reference:
        He et al. 2016, "Identity mappings in deep residual networks", figure 4e.
    """

    def __init__(
        self,
        widths: list[PositiveInt],
        blocks: PositiveInt = 1,
        stem_stride: Literal[1, 2] = 1,
        activation: Activation = "relu",
        normalisation: Literal["none", "batch"] = "none",
        dropout: Fraction = 0.0,
        pool: bool = False,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if not widths:
            raise ValueError("a residual encoder needs at least one stage: give widths, such as [32, 64, 128]")
        self.widths, self.blocks, self.stem_stride, self.activation = list(widths), blocks, stem_stride, activation
        self.normalisation, self.dropout, self.pool = normalisation, dropout, pool
        policy: Any = self.dtype_policy
        self.stem = keras.layers.Conv2D(
            self.widths[0], 3, strides=stem_stride, padding="same", name="stem", dtype=policy
        )
        self.stages = [
            ResidualBlock(
                width, 2 if i == 0 else 1, activation, normalisation, name=f"stage_{s}_block_{i}", dtype=policy
            )
            for s, width in enumerate(self.widths)
            for i in range(blocks)
        ]
        self.norm = WholeBatchNormalization(name="norm", dtype=policy) if normalisation == "batch" else None
        self.act = keras.layers.Activation(activation, dtype=policy)
        self.drop = keras.layers.Dropout(dropout, dtype=policy)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for images [batch, height, width, channels]."""
        if len(input_shape) != 4:
            raise ValueError(f"takes images [batch, height, width, channels], not rows of shape {input_shape[1:]}")
        shape = chained([self.stem, *self.stages], input_shape, build=True)
        if self.norm is not None:
            self.norm.build(shape)
        self.drop.build(shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, height', width', channels'], or with `pool` [batch, channels']."""
        shape = chained([self.stem, *self.stages], input_shape)
        return (shape[0], shape[-1]) if self.pool else shape

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, height, width, channels] -> [batch, height', width', channels']."""
        x = self.stem(x)
        for block in self.stages:
            x = block(x, training=training)
        x = self.act(x if self.norm is None else self.norm(x, training=training))
        if self.pool:
            x = ops.mean(x, axis=(1, 2))
        return self.drop(x, training=training)
