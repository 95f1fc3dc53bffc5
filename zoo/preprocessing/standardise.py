"""Standardising."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from zoo.moments import Moments
from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zoo.parts import Batches, Tensor
    from zoo.types import Doubles, Floats, LayerArguments, TableSchema

_ROUNDING = 10 * np.finfo(np.float64).eps  # of a constant column's squared mean: what is left of its variance
# Of the middle column's deviation. Embeddings kept as float16 have dead columns of 0 and -6e-8 beside others of .05:
# what varies there is rounding, and at unit variance it would be most of a row.
_EMPTY = 1e-6
# Of the rows' mean squared distance to their mean: squared lengths that lie closer together are one length. Embeddings
# of length 1 that were rounded to float16 stay within a thousandth; a large offset alone does not make a sphere.
_ONE_LENGTH = 0.02


class Standardise(Preprocessing):
    """(x - mean) / standard deviation of each column: [batch, width] -> [batch, width].

    Mean and deviation are the weighted ones of the training rows, as scikit-learn's StandardScaler takes them. A column
    that never changes in training is only centred; so is one that changes a millionth of what others do, where columns
    share a unit, as the coordinates of an embedding do.

    Rows that all have one length are directions, whose cosines a scale for each column, or another centre, would
    change: they are only divided by one number, which makes the columns' mean square 1.

    Args:
        one_unit: whether the columns share a unit; None takes it from the table: columns that are named, and not
            merely counted, have units of their own.
        **kwargs: Keras layer arguments (name, dtype).
    """

    def __init__(self, one_unit: bool | None = None, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        self.one_unit = one_unit

    def apply_schema(self, schema: TableSchema) -> None:
        """Whether the columns have units of their own, unless that was given."""
        if self.one_unit is None:
            self.one_unit = not schema.has_units

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes mean and deviation [width]."""
        self.mean, self.deviation = (
            self.add_weight(shape=(input_shape[-1],), initializer=start, trainable=False, name=name)
            for name, start in (("mean", "zeros"), ("deviation", "ones"))
        )

    def adapt(self, batches: Batches) -> None:
        """Learns mean and deviation in float64; see `Preprocessing`."""
        lengths = _SquaredLengths()
        moments = Moments.of(self.mean.shape[0], lengths.seen(batches()))
        mean, variances = moments.mean, np.diag(moments.covariance())
        varying = (variances > _ROUNDING * mean**2).sum() > 1
        if varying and lengths.range < _ONE_LENGTH * variances.sum():
            self.deviation.assign(np.full_like(mean, np.sqrt((variances + mean**2).mean())))
            return
        self.mean.assign(mean)
        self.deviation.assign(np.sqrt(np.where(variances > self._smallest(mean, variances), variances, 1.0)))

    def _smallest(self, mean: Doubles, variances: Doubles) -> Doubles:
        """The variance [width] up to which a column counts as never changing."""
        rounding: Doubles = _ROUNDING * mean**2
        changing = variances[variances > rounding]
        if self.one_unit is False or not len(changing):
            return rounding
        return np.maximum(rounding, _EMPTY**2 * np.median(changing))

    def call(self, x: Tensor) -> Tensor:
        """[batch, width] -> [batch, width]."""
        return (x - self.mean) / self.deviation

    def inverse(self, x: Tensor) -> Tensor:
        """Back to the units of the raw rows."""
        return x * self.deviation + self.mean


@dataclass
class _SquaredLengths:
    """The least and the greatest of rows that count."""

    least: float = math.inf
    greatest: float = -math.inf

    @property
    def range(self) -> float:
        return self.greatest - self.least

    def seen(self, blocks: Iterable[tuple[Floats, Floats]]) -> Iterator[tuple[Floats, Floats]]:
        """The blocks, which are looked at on the way."""
        for block, weights in blocks:
            squares = np.square(block[weights > 0].astype(np.float64)).sum(axis=1)
            if len(squares):
                self.least = min(self.least, float(squares.min()))
                self.greatest = max(self.greatest, float(squares.max()))
            yield block, weights
