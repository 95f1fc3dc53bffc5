"""A linear filter that takes noise away, before a network."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from keras import ops

from zoo.moments import Moments
from zoo.parts import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.parts import Batches, Tensor
    from zoo.types import LayerArguments, PositiveFloat


class NoiseFilter(Network):
    """What a network makes of rows that a linear filter has taken Gaussian noise from: [batch, ...] -> its features.

    With m the mean of the training rows, C their covariance and the noise's standard deviation s, the filter is

        m + (x - m) C (C + s^2 I)^-1,

    the linear map that comes nearest to the row without noise, on average. It keeps what rows differ in by more than
    the noise, and lets go of the rest: rows that come without noise lose some detail as well. Neither it nor its
    statistics are trained; they are learnt from the training rows before training.

    It is for networks that noise upsets: patches that are brought to the same contrast are nothing but noise where the
    image is flat. The filter has width^2 numbers, for width numbers a row.

    Args:
        network: what reads the filtered rows, which have the shape of the rows.
        scale: standard deviation s of the noise, in the units of the preprocessed row.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.

    Reference:
        Wiener 1949, "Extrapolation, interpolation, and smoothing of stationary time series"; Bishop 2006, "Pattern
        recognition and machine learning", eq. 2.116 (the mean of x given x + noise, for Gaussian x).
    """

    def __init__(self, network: Network, scale: PositiveFloat = 0.5, **kwargs: Unpack[LayerArguments]) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # rows arrive unrounded
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.network, self.scale = network, scale

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the filter and the network's weights for rows [batch, ...]."""
        width = int(np.prod([int(size or 0) for size in input_shape[1:]]))
        settings: dict[str, Any] = {"dtype": "float32", "autocast": False, "trainable": False}
        self.mean = self.add_weight(shape=(width,), initializer="zeros", name="mean", **settings)
        self.filter = self.add_weight(shape=(width, width), initializer="identity", name="filter", **settings)
        if not self.network.built:
            self.network.build(input_shape)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The network's."""
        return self.network.compute_output_shape(input_shape)

    def adapt(self, batches: Batches) -> None:
        """Learns the filter, and lets the network adapt to filtered rows; see `zoo.parts.Network`."""
        flattened = ((np.reshape(block, (len(block), -1)), weights) for block, weights in batches())
        moments = Moments.of(self.mean.shape[0], flattened)
        noise = self.scale**2 * np.eye(self.mean.shape[0])
        self.mean.assign(moments.mean)
        self.filter.assign(np.linalg.solve(moments.covariance() + noise, moments.covariance()))
        self.network.adapt(partial(self._filtered, batches))

    def solve(self, batches: Batches) -> None:
        """Lets the network solve; see `zoo.parts.Network`."""
        self.network.solve(partial(self._filtered, batches))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> the network's features [batch, ...]."""
        return self.network(self._clean(x), training=training)

    def _clean(self, x: Tensor) -> Tensor:
        """Rows without what the filter takes for noise: [batch, ...] -> the same shape, float32."""
        mean, shape = ops.convert_to_tensor(self.mean), x.shape[1:]
        rows = ops.reshape(ops.cast(x, "float32"), (-1, self.mean.shape[0]))
        kept = mean + ops.matmul(rows - mean, ops.convert_to_tensor(self.filter))
        return ops.reshape(kept, (-1, *shape))

    def _filtered(self, batches: Batches) -> Iterator[tuple[Any, Any]]:
        for block, weights in batches():
            yield ops.convert_to_numpy(self._clean(ops.convert_to_tensor(block))), weights
