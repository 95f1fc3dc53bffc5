"""Images by how their patches lie to centroids that k-means finds, as the fixed first layer of a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import numpy as np
from keras import ops

from zoo.moments import Moments
from zoo.parts import Network
from zoo.patches import FLOOR, Grid, Whitening, centroids_of

if TYPE_CHECKING:
    from zoo.parts import Batches, Tensor
    from zoo.types import Floats, LayerArguments, PositiveInt, Probability, Seed

_QUARTERS = 4
_FOR_MOMENTS = 2_500  # images are enough for means and deviations
_AT_A_TIME = 128  # images, whose patches lie in memory together


class PatchCodes(Network):
    """Images [batch, height, width, channels] -> patch features [batch, 4 * centroids], or what `body` makes of them.

    Patches are contrast normalised and whitened; each is described by how much nearer than average it is to each
    centroid; the descriptions are averaged over the four quarters of the image, raised to a power, and standardised.
    Nothing of it is trained: whitening, centroids, means and deviations are learnt from training images before
    training, as preprocessing is. In the graph it is a convolution and a few sums, so that it is served as any other
    layer.

    It is to follow `Rescale`, which puts images on a grey scale of length 1.

    Args:
        centroids: of patches.
        side: of a patch, in pixels.
        stride: from a patch to the next, in pixels.
        training_stride: the same while training; None is `stride`. Twice the stride is a quarter of the work, and the
            averages, over fewer patches, are the same but for some noise.
        body: a network that reads the features; None hands them on.
        power: of the averages. Below 1, that a centroid is there counts for more, and how often for less; a single
            texture that fills a quarter no longer outweighs all the rest.
        images: training images to learn from at most, evenly spaced among them.
        patches: patches to find centroids of, at random places of these images.
        seed: of the places and of k-means.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: rows that are no images, or images too small for two rows and two columns of patches.

    Reference:
        Coates, Lee and Ng 2011, "An analysis of single-layer networks in unsupervised feature learning", AISTATS;
        Perronnin, Sanchez and Mensink 2010, "Improving the Fisher kernel for large-scale image classification", section
        3.2 (the power).
    """

    def __init__(
        self,
        centroids: PositiveInt = 400,
        side: PositiveInt = 6,
        stride: PositiveInt = 1,
        training_stride: PositiveInt | None = None,
        body: Network | None = None,
        power: Probability = 1.0,
        images: PositiveInt = 10_000,
        patches: PositiveInt = 100_000,
        seed: Seed = 0,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        self.autocast = False  # images arrive unrounded, and are rounded once they are centred
        self.centroids, self.side, self.stride, self.body = centroids, side, stride, body
        self.training_stride, self.power = training_stride, power
        self.images, self.patches, self.seed = images, patches, seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights for images [batch, height, width, channels], and those of the body."""
        if len(input_shape) != 4:
            raise ValueError(f"takes images [batch, height, width, channels], not rows of shape {input_shape[1:]}")
        height, width, channels = (int(size or 0) for size in input_shape[1:])
        if self.side > min(height, width):
            raise ValueError(f"patches of side={self.side} do not fit into images of {height} x {width} pixels")
        self._require_quarters((height, width))
        values, features = self.side**2 * channels, _QUARTERS * self.centroids

        def fixed(name: str, *shape: int, start: str = "zeros") -> Tensor:
            # in float32 whatever the networks compute in: distances are differences of large numbers
            settings = {"dtype": "float32", "autocast": False, "trainable": False}
            return self.add_weight(shape=shape, initializer=start, name=name, **settings)

        self.kernel = fixed("kernel", self.side, self.side, channels, values + self.centroids)
        self.offset = fixed("offset", values + self.centroids)
        self.mean = fixed("mean", features)
        self.deviation = fixed("deviation", features, start="ones")
        if self.body is not None and not self.body.built:
            self.body.build((input_shape[0], features))

    def _require_quarters(self, size: tuple[int, int]) -> None:
        """Refuses a single row or column of patches: the mean of a quarter without patches is NaN."""
        for name, stride in (("stride", self.stride), ("training_stride", self.training_stride or self.stride)):
            if not Grid(self.side, stride).has_quarters(size):
                most = min(size) - self.side
                instead = f"take {name}={most} or less" if most else f"take a side below {min(size)}"
                raise ValueError(
                    f"patches of side={self.side} with {name}={stride} lie in a single row or column of images of "
                    f"{size[0]} x {size[1]} pixels, and leave quarters of the image without any; {instead}"
                )

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[batch, 4 * centroids], or what the body makes of that."""
        shape = (input_shape[0], _QUARTERS * self.centroids)
        return shape if self.body is None else self.body.compute_output_shape(shape)

    def adapt(self, batches: Batches) -> None:
        """Learns whitening, centroids, means and deviations; see `zoo.parts.Network`."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        with threadpool_limits(1):  # where others work, threads wait for each other
            count = sum(len(block) for block, _ in batches())
            patches = self._some_patches(batches, -(-count // self.images))
            whitening = Whitening.of(patches, 1.0)
            self._set_kernel(whitening, centroids_of(whitening(patches), self.centroids, self.seed))
            moments = Moments(self.mean.shape[0])
            for block in _every(batches, -(-count // min(self.images, _FOR_MOMENTS))):
                for start in range(0, len(block), _AT_A_TIME):
                    rows = block[start : start + _AT_A_TIME]
                    features = self._pooled(ops.convert_to_tensor(rows), self.stride)
                    moments.update(ops.convert_to_numpy(features), np.ones(len(rows), np.float32))
        variances = np.diag(moments.covariance())
        self.mean.assign(moments.mean)
        self.deviation.assign(np.sqrt(np.where(variances > 0, variances, 1.0)))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        """[batch, height, width, channels] -> [batch, features]."""
        x = ops.cast(x, "float32")
        if training:
            pooled = self._pooled(x, self.training_stride or self.stride)
        else:  # image by image: the patches of thousands of images at once would take gigabytes
            pooled = ops.map(lambda image: self._pooled(image[None], self.stride)[0], x)
        features = (pooled - self.mean) / self.deviation
        # nothing before it is trained, and gradients of images would cost as much as the features
        features = ops.cast(ops.stop_gradient(features), self.compute_dtype)
        return features if self.body is None else self.body(features, training=training)

    def _some_patches(self, batches: Batches, every: int) -> Floats:
        random = np.random.default_rng(self.seed)
        grid, chosen = Grid(self.side, self.stride), list(_every(batches, every))
        each = -(-self.patches // sum(map(len, chosen)))
        return np.concatenate([grid.some(block, each, random) for block in chosen])

    def _set_kernel(self, whitening: Whitening, centroids: Floats) -> None:
        """One convolution gives the whitened patch w and -2 w.c for all centroids c, but for each patch's contrast."""
        values, channels = len(whitening.mean), self.kernel.shape[2]
        # fewer patches than centroids leave some that are as far from everything as the mean is
        centroids = np.concatenate([centroids, np.zeros((self.centroids - len(centroids), values))]).astype(np.float64)
        directions = whitening.directions.astype(np.float64)
        products = np.concatenate([directions, -2 * directions @ centroids.T], axis=1)
        centred = products - products.mean(axis=0)  # what takes each patch's own mean away
        kernel = centred.reshape(channels, self.side, self.side, -1).transpose(1, 2, 0, 3)
        lengths = np.concatenate([np.zeros(values), np.einsum("kv,kv->k", centroids, centroids)])
        self.kernel.assign(kernel)
        self.offset.assign(lengths - whitening.mean @ products)

    def _pooled(self, x: Tensor, stride: int) -> Tensor:
        """Nearness to each centroid, averaged over quarters, to the power: images -> [batch, 4 * centroids] float32."""
        values = self.kernel.shape[-1] - self.centroids
        x = x - 0.5  # small numbers round better, and patches have no mean
        products = ops.cast(self._convolved(x, stride), "float32") * self._contrast(x, stride) + self.offset
        squares = ops.sum(ops.square(products[..., :values]), axis=-1, keepdims=True)
        distances = ops.sqrt(ops.relu(products[..., values:] + squares))
        nearness = ops.relu(ops.mean(distances, axis=-1, keepdims=True) - distances)
        down, across = ((size + 1) // 2 for size in nearness.shape[1:3])
        quarters = [
            ops.mean(nearness[:, rows, columns], axis=(1, 2))
            for rows in (slice(None, down), slice(down, None))
            for columns in (slice(None, across), slice(across, None))
        ]
        pooled = ops.concatenate(quarters, axis=-1)
        return pooled if self.power == 1 else ops.power(pooled, self.power)

    def _contrast(self, x: Tensor, stride: int) -> Tensor:
        """1 / deviation of each patch: [batch, height, width, channels] -> [batch, down, across, 1]."""

        def means(values: Tensor) -> Tensor:
            return ops.mean(ops.average_pool(values, self.side, stride, "valid"), axis=-1, keepdims=True)

        return ops.rsqrt(ops.relu(means(ops.square(x)) - ops.square(means(x))) + FLOOR)

    def _convolved(self, x: Tensor, stride: int) -> Tensor:
        kernel = ops.cast(self.kernel, self.compute_dtype)
        return ops.conv(ops.cast(x, self.compute_dtype), kernel, stride, "valid")


def _every(batches: Batches, step: int) -> list[Floats]:
    """Every so many-th row, block by block."""
    seen, chosen = 0, []
    for block, _ in batches():
        rows = np.asarray(block, np.float32)[-seen % step :: step]
        seen += len(block)
        if len(rows):
            chosen.append(rows)
    return chosen
