"""Masking noise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import keras
from keras import ops

from zoo.parts import Corruption

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import Fraction, LayerArguments, Seed


class Masking(Corruption):
    """Each entry becomes `value` with the given probability, while training: [batch, ...] -> the same shape.

    Of images whole pixels are masked, all channels at once. Sparse rows lose items, whatever `value` says.

    Args:
        share: probability that an entry is masked.
        value: what masked entries become, in the units of the preprocessed row.
        seed: seed of the draws; None draws one from Keras' global seed.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a share outside [0, 1).

    Reference:
        Vincent et al. 2010, "Stacked denoising autoencoders", section 3.3.
    """

    def __init__(
        self,
        share: Fraction = 0.25,
        value: float = 0.0,
        seed: Seed | None = None,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= share < 1:
            raise ValueError(f"share must be at least 0 and below 1, not {share}")
        self.share, self.value, self.seed = share, value, seed
        self.draws = keras.random.SeedGenerator(seed)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, ...]."""
        if not training:
            return x
        if isinstance(x, dict):
            kept = self._kept(ops.shape(x["indices"]))
            return {"indices": ops.where(kept, x["indices"], -1), "values": ops.where(kept, x["values"], 0.0)}
        shape = ops.shape(x)
        kept = self._kept((*shape[:-1], 1) if len(shape) == 4 else shape)
        return ops.where(kept, x, ops.cast(self.value, x.dtype))

    def _kept(self, shape: Tensor) -> Tensor:
        return keras.random.uniform(shape, seed=self.draws) >= self.share
