"""Small shifts and crops of images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Corruption

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, Probability, Seed


class ShiftAndCrop(Corruption):
    """A window of each image, resized to the whole: [batch, height, width, channels] -> the same shape, in training.

    The window's area is a uniform share of the image's, its place uniform, up to `shift` of the side beyond the border,
    where there is 0; resampling is bilinear.

    Args:
        scale_low: smallest share of the area; 1 only shifts.
        shift: how far the window may reach beyond the border, as a share of the side.
        flip: mirror every other image left to right.
        seed: seed of the draws; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a share outside (0, 1], a negative shift, or (when called) rows that are no images.

    Reference:
        Szegedy et al. 2015, "Going deeper with convolutions", section 6 (crops of random area).
    """

    def __init__(
        self,
        scale_low: Probability = 0.8,
        shift: NonNegativeFloat = 0.05,
        flip: bool = False,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if not 0 < scale_low <= 1 or shift < 0:
            raise ValueError(f"scale_low must be above 0 and at most 1, shift at least 0: {scale_low}, {shift}")
        self.scale_low, self.shift, self.flip, self.seed = scale_low, shift, flip, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, height, width, channels] -> [batch, height, width, channels]."""
        if isinstance(x, dict):
            raise ValueError("takes images [batch, height, width, channels], not sparse rows")  # noqa: TRY004
        if len(x.shape) != 4:
            raise ValueError(f"takes images [batch, height, width, channels], not rows of shape {tuple(x.shape[1:])}")
        if not training:
            return x
        side = ops.sqrt(self._drawn(x, self.scale_low, 1.0))
        steps, starts = [], []
        for size in (int(x.shape[2]), int(x.shape[1])):  # columns, then rows
            free = 1 - side + 2 * self.shift  # where the window's first edge may lie
            starts.append((self._drawn(x, 0.0, 1.0) * free - self.shift) * size + (side - 1) / 2)
            steps.append(side)
        if self.flip:
            mirrored = self._drawn(x, 0.0, 1.0) < 0.5
            last = int(x.shape[2]) - 1
            starts[0] = ops.where(mirrored, starts[0] + steps[0] * last, starts[0])
            steps[0] = ops.where(mirrored, -steps[0], steps[0])
        nothing = ops.zeros_like(side)
        maps = ops.stack([steps[0], nothing, starts[0], nothing, steps[1], starts[1], nothing, nothing], axis=1)
        return ops.image.affine_transform(x, maps, interpolation="bilinear", fill_mode="constant", fill_value=0.0)

    def _drawn(self, x: Tensor, low: float, high: float) -> Tensor:
        """[batch] uniform numbers."""
        return keras.random.uniform(ops.shape(x)[:1], low, high, seed=self.draws)
