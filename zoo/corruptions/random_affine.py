"""Small turns, stretches, shears and shifts of images, and another light."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Unpack

import keras
from keras import ops

from zoo.parts import Corruption

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, Probability, Seed, UnitInterval


class RandomAffine(Corruption):
    """Each image seen through an affine map and in a light of its own, while training.

    Images [batch, height, width, channels] -> the same shape. All amounts are drawn uniformly, from minus to plus what
    is given, independently for each image. The map turns and stretches about the image's middle; what comes from
    outside the image is 0.

    Args:
        rotation: radians.
        stretch: logarithm of the factor, one for each axis: 0.15 is from 86 % to 116 %.
        shear: pixels of x for each pixel of y.
        shift: share of the side, one for each axis.
        brightness: added to all pixels of an image, in the units of the preprocessed image.
        contrast: logarithm of the factor by which pixels lie away from their image's mean.
        flip: probability that an image is mirrored left to right; not for digits and letters.
        tint: as brightness, but an amount for each channel.
        grey: probability that an image's channels are replaced by their mean.
        crop: smallest share of the image's area that is seen, enlarged to the whole; the share is drawn uniformly from
            here to 1, the window's place from all those inside the image. 1 sees all of it.
        seed: seed of the draws; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative amount, or a probability above 1.

    Reference:
        Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to visual document
        analysis", section 2; Chen et al. 2020, "A simple framework for contrastive learning of visual representations",
        section 3 (crops, and what light, tint and grey are for: colours alone would tell images apart).
    """

    def __init__(
        self,
        rotation: NonNegativeFloat = 0.25,
        stretch: NonNegativeFloat = 0.15,
        shear: NonNegativeFloat = 0.15,
        shift: NonNegativeFloat = 0.1,
        brightness: NonNegativeFloat = 0.0,
        contrast: NonNegativeFloat = 0.0,
        flip: UnitInterval = 0.0,
        tint: NonNegativeFloat = 0.0,
        grey: UnitInterval = 0.0,
        crop: Probability = 1.0,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if min(rotation, stretch, shear, shift, brightness, contrast, tint) < 0:
            raise ValueError("rotation, stretch, shear, shift, brightness, contrast and tint must not be negative")
        if not (0 <= flip <= 1 and 0 <= grey <= 1):
            raise ValueError(f"flip and grey are probabilities, not {flip} and {grey}")
        if not 0 < crop <= 1:
            raise ValueError(f"crop is a share of the area, above 0 and at most 1, not {crop}")
        self.rotation, self.stretch, self.shear, self.shift = rotation, stretch, shear, shift
        self.brightness, self.contrast, self.flip = brightness, contrast, flip
        self.tint, self.grey, self.crop, self.seed = tint, grey, crop, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, height, width, channels] -> [batch, height, width, channels]."""
        if len(x.shape) != 4:
            raise ValueError(f"takes images [batch, height, width, channels], not rows of shape {tuple(x.shape[1:])}")
        if not training:
            return x
        moved = ops.image.affine_transform(
            x, self._maps(x), interpolation="bilinear", fill_mode="constant", fill_value=0.0
        )
        return self._relit(moved)

    def _maps(self, x: Tensor) -> Tensor:
        """[batch, 8]: where each output pixel (column, row) comes from, a row of the map after the other."""
        height, width = int(x.shape[1]), int(x.shape[2])
        angle = self._drawn(x, self.rotation)
        wide, high = ops.exp(self._drawn(x, self.stretch)), ops.exp(self._drawn(x, self.stretch))
        a, b = ops.cos(angle) * wide, self._drawn(x, self.shear) - ops.sin(angle) * high
        c, d = ops.sin(angle) * wide, ops.cos(angle) * high
        if self.flip > 0:  # a mirrored column is where the map's own column would be on the other side of the middle
            side = 1.0 - 2.0 * self._chosen(x, self.flip)
            a, c = a * side, c * side
        column, row = (width - 1) / 2, (height - 1) / 2  # the middle stays where it is, but for shift and crop
        right, down = self._drawn(x, self.shift) * width, self._drawn(x, self.shift) * height
        if self.crop < 1:
            side = ops.sqrt(keras.random.uniform(ops.shape(x)[:1], self.crop, 1.0, seed=self.draws))
            a, b, c, d = a * side, b * side, c * side, d * side
            free = (1.0 - side) / 2  # how far the window's middle may lie from the image's, as a share of the side
            right, down = right + self._drawn(x, 1.0) * free * width, down + self._drawn(x, 1.0) * free * height
        right, down = right + column - a * column - b * row, down + row - c * column - d * row
        nothing = ops.zeros_like(a)
        return ops.stack([a, b, right, c, d, down, nothing, nothing], axis=1)

    def _relit(self, x: Tensor) -> Tensor:
        if self.contrast > 0:
            factors = ops.reshape(ops.exp(self._drawn(x, self.contrast)), (-1, 1, 1, 1))
            middle = ops.mean(x, axis=(1, 2), keepdims=True)
            x = middle + (x - middle) * ops.cast(factors, x.dtype)
        if self.brightness > 0:
            x = x + ops.cast(ops.reshape(self._drawn(x, self.brightness), (-1, 1, 1, 1)), x.dtype)
        if self.tint > 0:
            shape = (ops.shape(x)[0], 1, 1, x.shape[-1])
            x = x + ops.cast(keras.random.uniform(shape, -self.tint, self.tint, seed=self.draws), x.dtype)
        if self.grey > 0 and x.shape[-1] > 1:
            chosen = ops.reshape(self._chosen(x, self.grey), (-1, 1, 1, 1)) > 0
            x = ops.where(chosen, ops.mean(x, axis=-1, keepdims=True), x)
        return x

    def _chosen(self, x: Tensor, probability: float) -> Any:
        """[batch] 1 with the probability, else 0."""
        return ops.cast(keras.random.uniform(ops.shape(x)[:1], seed=self.draws) < probability, "float32")

    def _drawn(self, x: Tensor, amount: float) -> Any:
        """[batch] uniform numbers from -amount to amount."""
        if math.isclose(amount, 0.0):
            return ops.zeros(ops.shape(x)[:1])
        return keras.random.uniform(ops.shape(x)[:1], -amount, amount, seed=self.draws)
