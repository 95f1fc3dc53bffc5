"""The directions in which rows differ more than views of one row do, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Unpack

import numpy as np
import tensorflow as tf
from keras import ops

from zoo.moments import Moments
from zoo.parts import Network, flat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from zoo.parts import Batches, Corruption, Tensor
    from zoo.types import Doubles, Floats, LayerArguments, PositiveFloat, PositiveInt, UnitInterval

_AT_A_TIME = 128  # rows, of which views are made together
_SMALLEST = 1e-6  # share of the features' variance that views are taken to differ by at least


class AgreeingDirections(Network):
    """What a network makes of rows, mapped to the few directions that views of a row agree on most: [batch, units].

    The views are corruptions of the row: they say what does not matter. With T the covariance of the features of rows,
    and W that of the features of views about their mean or their row, the directions u are the leading generalised
    eigenvectors of T u = w (W + shrinkage * mean(diag W) * I) u. It is linear discriminant analysis with each row a
    class of its own, and what linear maps come to that agree across views and have uncorrelated outputs (VICReg).

    It is solved for before the first step, in one pass over some rows, and steps of gradient leave it alone. Untrained,
    the map is a random one of the network's features.

    Args:
        network: makes the features, flattened; it is adapted first, and not trained.
        units: directions.
        views: what is done to a row for a view of it.
        shrinkage: how much of the views' mean variance is added to every direction of it. Features are as many as
            thousands, and directions in which views hardly differ by chance would be taken for what they agree on.
        whiten: each direction is divided by the standard deviation of the rows along it to this power; with 0 views
            vary alike in all directions, with 1 rows do.
        rows: training rows to learn from at most, evenly spaced among them.
        copies: views of each; at least 2 about their mean.
        about: what views of a row are to agree with: `mean`, each other; `row`, the row as it is. What views have in
            common, and rows have not, matters to the second alone: noise changes all features of patches to one side.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: fewer than 2 copies about their mean, or (when built) fewer features than units.

    Reference:
        Rao 1948 and Fisher's discriminant; Friedman 1989, "Regularized discriminant analysis", eq. 18 (shrinkage);
        Balestriero and LeCun 2022, "Contrastive and non-contrastive self-supervised learning recover global and local
        spectral embedding methods", arXiv 2205.11508, section 3 (linear maps that agree across views).
    """

    def __init__(
        self,
        network: Network,
        units: PositiveInt,
        views: Corruption,
        shrinkage: PositiveFloat = 1.0,
        whiten: UnitInterval = 0.0,
        rows: PositiveInt = 10_000,
        copies: PositiveInt = 4,
        about: Literal["mean", "row"] = "mean",
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # the network rounds what it wants rounded
        if copies < 2 and about == "mean":
            raise ValueError(f"one view agrees with itself: copies must be at least 2, not {copies}")
        network.trainable = False
        self.network, self.units, self.views = network, units, views
        self.shrinkage, self.whiten, self.rows, self.copies, self.about = shrinkage, whiten, rows, copies, about

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the network's weights for rows [batch, ...], and the map."""
        if not self.network.built:
            self.network.build(input_shape)
        features = _width(self.network.compute_output_shape(input_shape))
        if features < self.units:
            raise ValueError(f"{features} features have no {self.units} directions: set units to {features} or less")

        def fixed(name: str, *shape: int, start: str) -> Tensor:
            settings = {"dtype": "float32", "autocast": False, "trainable": False}
            return self.add_weight(shape=shape, initializer=start, name=name, **settings)

        self.mean = fixed("mean", features, start="zeros")
        self.map = fixed("map", features, self.units, start="orthogonal")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, units]."""
        return (input_shape[0], self.units)

    def adapt(self, batches: Batches) -> None:
        """Adapts the network; see `zoo.parts.Network`."""
        self.network.adapt(batches)

    def solve(self, batches: Batches) -> None:
        """Finds the directions; see `zoo.parts.Network`."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        self.network.solve(batches)
        compiled = tf.function(self._features, reduce_retracing=True)  # networks that work row by row crawl without
        every = -(-sum(len(block) for block, _ in batches()) // self.rows)
        apart, within = Moments(self.mean.shape[0]), Moments(self.mean.shape[0])
        with threadpool_limits(1):  # where others work, threads wait for each other
            for rows, weights in _some(batches, every):
                features = compiled(ops.convert_to_tensor(rows), training=False).numpy()
                apart.update(features, weights)
                within.update(self._residuals(rows, features, compiled), np.repeat(weights, self.copies))
            self.mean.assign(apart.mean)
            about_zero = within.covariance() + np.outer(within.mean, within.mean)
            self.map.assign(self._directions(apart.covariance(), about_zero))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, ...] -> [batch, units]."""
        centred = self._features(x, training=training) - ops.convert_to_tensor(self.mean)
        mapped = ops.matmul(centred, ops.convert_to_tensor(self.map))
        return ops.cast(ops.stop_gradient(mapped), self.compute_dtype)

    def _features(self, rows: Tensor, *, training: bool) -> Tensor:
        return ops.cast(flat(self.network(rows, training=training)), "float32")

    def _residuals(self, rows: Floats, features: Floats, compiled: Callable[..., Any]) -> Floats:
        """What features of views differ by, [rows * copies, features]; about their mean, as if drawn independently."""
        copied = ops.convert_to_tensor(np.repeat(rows, self.copies, axis=0))
        seen = compiled(self.views(copied, training=True), training=True).numpy().astype(np.float64)
        each = seen.reshape(len(rows), self.copies, -1)
        if self.about == "row":
            return (each - features[:, None]).reshape(seen.shape).astype(np.float32)
        residuals = (each - each.mean(axis=1, keepdims=True)) * np.sqrt(self.copies / (self.copies - 1))
        return residuals.reshape(seen.shape).astype(np.float32)

    def _directions(self, apart: Doubles, within: Doubles) -> Doubles:
        """The map [features, units], from the covariances of rows and of views."""
        from scipy.linalg import eigh

        count = len(apart)
        level = max(self.shrinkage * np.trace(within), _SMALLEST * np.trace(apart)) / count
        if not level > 0:  # all rows are alike, and so are their views
            return np.eye(count, self.units)
        leading = [count - self.units, count - 1]
        ratios, directions = eigh(apart, within + level * np.eye(count), subset_by_index=leading)
        scales = np.maximum(ratios[::-1], _SMALLEST) ** (self.whiten / 2)
        return np.asarray(directions[:, ::-1] / scales, np.float64)


def _some(batches: Batches, every: int) -> Iterator[tuple[Floats, Floats]]:
    """Every so many rows of a pass with their weights, not many at a time."""
    first = 0  # of the next block, that is to be taken
    for block, weights in batches():
        rows, shares = block[first::every], weights[first::every]
        first = (first - len(block)) % every
        for start in range(0, len(rows), _AT_A_TIME):
            yield rows[start : start + _AT_A_TIME], shares[start : start + _AT_A_TIME]


def _width(shape: tuple[int | None, ...]) -> int:
    return int(np.prod([int(size or 0) for size in shape[1:]]))
