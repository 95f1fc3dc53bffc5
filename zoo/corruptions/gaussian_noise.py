"""Additive noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Corruption

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, Seed


class GaussianNoise(Corruption):
    """x + scale * epsilon, epsilon ~ N(0, I), while training.

    Args:
        scale: standard deviation of the noise, in the units of the preprocessed row.
        seed: seed of the noise; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative scale, or (when called) sparse rows.

    Reference:
        Vincent et al. 2010, "Stacked denoising autoencoders", section 3.1.
    """

    def __init__(
        self, scale: NonNegativeFloat = 0.1, seed: Seed | None = None, **kwargs: Unpack[LayerArguments]
    ) -> None:
        super().__init__(**kwargs)
        if scale < 0:
            raise ValueError(f"scale must not be negative: {scale}")
        self.scale, self.seed = scale, seed
        self.noise = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, ...]."""
        if isinstance(x, dict):
            raise ValueError("Gaussian noise takes dense rows: mask sparse ones with zoo.corruptions.Masking")  # noqa: TRY004
        if not training:
            return x
        return x + ops.cast(self.scale, x.dtype) * keras.random.normal(ops.shape(x), dtype=x.dtype, seed=self.noise)
