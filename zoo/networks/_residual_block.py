"""What the residual encoder and decoder are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from zoo.networks._whole_batch_normalization import WholeBatchNormalization

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.parts import Tensor
    from zoo.types import Activation


class ResidualBlock(keras.Layer):
    """x + conv(act(conv(act(x)))), [batch, height, width, channels] -> [batch, height', width', width].

    With `double` the image is first doubled by nearest-neighbour resizing. What acts place by place (normalisation,
    activation, the shortcut's 1 x 1 convolution) is done before the resizing: the same values at a quarter of the work.

    Args:
        width: channels that go out.
        stride: of the first convolution; 2 halves the image, rounding up.
        activation: a Keras activation's name.
        normalisation: `batch` or `none`, before each activation.
        double: double the image's sides before the convolutions.
        **kwargs: Keras layer arguments (name, dtype).
    """

    def __init__(
        self,
        width: int,
        stride: int,
        activation: Activation,
        normalisation: str,
        *,
        double: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.width, self.stride = width, stride
        policy: Any = self.dtype_policy
        normed = normalisation == "batch"
        self.norms = [WholeBatchNormalization(name=f"norm_{i}", dtype=policy) if normed else None for i in range(2)]
        self.act = keras.layers.Activation(activation, dtype=policy)
        self.first = keras.layers.Conv2D(width, 3, strides=stride, padding="same", name="first", dtype=policy)
        self.second = keras.layers.Conv2D(width, 3, padding="same", name="second", dtype=policy)
        self.shortcut: keras.layers.Conv2D | None = None
        self.double = keras.layers.UpSampling2D(2, dtype=policy) if double else None

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for [batch, height, width, channels]."""
        shape = input_shape
        for norm, convolution in zip(self.norms, (self.first, self.second), strict=True):
            if norm is not None:
                norm.build(shape)
            convolution.build(shape)
            shape = convolution.compute_output_shape(shape)
        if self.stride > 1 or input_shape[-1] != self.width:
            self.shortcut = keras.layers.Conv2D(
                self.width, 1, strides=self.stride, padding="same", name="shortcut", dtype=self.dtype_policy
            )
            self.shortcut.build(input_shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, height', width', width]."""
        resized = input_shape if self.double is None else self.double.compute_output_shape(input_shape)
        shape: tuple[int | None, ...] = self.first.compute_output_shape(resized)
        return shape

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, height, width, channels] -> [batch, height', width', width]."""
        h = self._activated(0, x, training)
        shortcut = x if self.shortcut is None else self.shortcut(h)
        h = self._activated(1, self.first(self._doubled(h)), training)
        return self._doubled(shortcut) + self.second(h)

    def _doubled(self, x: Tensor) -> Tensor:
        return x if self.double is None else self.double(x)

    def _activated(self, number: int, x: Tensor, training: bool) -> Tensor:
        norm = self.norms[number]
        return self.act(x if norm is None else norm(x, training=training))


def chained(
    layers: Sequence[keras.Layer], shape: tuple[int | None, ...], *, build: bool = False
) -> tuple[int | None, ...]:
    """The shape behind layers that follow each other; with `build`, their weights are made on the way."""
    for layer in layers:
        if build:
            layer.build(shape)
        shape = layer.compute_output_shape(shape)
    return shape
