"""Swap noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Corruption
from zoo.replicas import replica, whole_batch

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Fraction, LayerArguments, Seed


class SwapNoise(Corruption):
    """Each entry is taken from another row with the given probability, while training: [batch, ...] -> the same shape.

    Damaged entries stay values that their column really takes, which suits tables whose columns differ in kind.

    Args:
        share: probability that an entry comes from another row of the batch, one row for all entries of a row.
        seed: seed of the draws; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a share outside [0, 1), or (when called) sparse rows.

    Reference:
        Jahrer 2017, first place in "Porto Seguro's safe driver prediction" (Kaggle).
    """

    def __init__(self, share: Fraction = 0.15, seed: Seed | None = None, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        if not 0 <= share < 1:
            raise ValueError(f"share must be at least 0 and below 1, not {share}")
        self.share, self.seed = share, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, ...]."""
        if isinstance(x, dict):
            raise ValueError("swap noise takes dense rows: mask sparse ones with zoo.corruptions.Masking")  # noqa: TRY004
        if not training:
            return x
        every = whole_batch(x)
        own, count = ops.shape(x)[0], ops.shape(every)[0]
        # rolled by 1 to count - 1 places, so that no row is its own source; a batch of one has no other row
        places = ops.cast(keras.random.uniform((), seed=self.draws) * ops.cast(count - 1, "float32"), "int32")
        others = ops.take(every, (replica() * own + ops.arange(own) + 1 + places) % count, axis=0)
        return ops.where(keras.random.uniform(ops.shape(x), seed=self.draws) < self.share, others, x)
