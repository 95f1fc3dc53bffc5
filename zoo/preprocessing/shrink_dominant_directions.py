"""Shrinking of the directions that all rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from keras import ops

from zoo.moments import Moments
from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, NonNegativeInt

# Of the largest variance: the square of float32's resolution at which a direction still holds something.
_SMALLEST_SHARE = 1e-4


class ShrinkDominantDirections(Preprocessing):
    """V diag(g) V^T x: the leading principal directions are scaled down, the others stay: [batch, width] -> the same.

    g_j = min(1, (variance_{k+1} / variance_j)^power) for the j-th direction, k = `directions`. With power 1/2 none of
    the k has more variance than the next one; with power 1 each has less, the less the more dominant it was. Removing
    directions throws away what neighbours rest on, leaving them in lets frequency drown meaning; this is in between.
    Put it after `Centre`.

    Args:
        directions: how many leading directions to shrink; 0 leaves the rows as they are.
        power: how much.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative argument, or (when built) as many directions as columns.

    Reference:
        A softer form of Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417; compare the soft-thresholded
        whitening of Su et al. 2021, arXiv 2103.15316.
    """

    def __init__(
        self, directions: NonNegativeInt = 8, power: NonNegativeFloat = 1.0, **kwargs: Unpack[LayerArguments]
    ) -> None:
        super().__init__(**kwargs)
        if directions < 0 or power < 0:
            raise ValueError(f"directions and power must not be negative: {directions}, {power}")
        self.directions, self.power = directions, power

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the map and its inverse, [width, width] each."""
        width = int(input_shape[-1] or 0)
        if self.directions >= width:
            raise ValueError(f"cannot shrink {self.directions} directions of rows of width {width}")
        for name in ("map", "inverse_map"):
            weight = self.add_weight(
                shape=(width, width), initializer="identity", trainable=False, name=name, dtype="float32"
            )
            setattr(self, f"_{name}", weight)

    def adapt(self, batches: Batches) -> None:
        """Learns the directions and their variances; see `Preprocessing`."""
        variances, directions = Moments.of(self._map.shape[0], batches()).principal()
        # rows of low rank have variances that are nothing but rounding; a share of them would blow up in `inverse`
        variances = np.maximum(variances, _SMALLEST_SHARE * variances[0])
        gains = np.ones_like(variances)
        leading, level = variances[: self.directions], variances[self.directions]
        np.divide(level, leading, out=gains[: self.directions], where=leading > 0)
        gains = np.minimum(gains, 1.0) ** self.power
        self._map.assign((directions * gains) @ directions.T)
        self._inverse_map.assign((directions / gains) @ directions.T)

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        return ops.matmul(x, ops.cast(self._map, x.dtype))

    def inverse(self, x: Tensor) -> Tensor:
        """Scales the directions up again."""
        return ops.matmul(x, ops.cast(self._inverse_map, x.dtype))
