"""Patches of images, and how they lie to centroids that k-means finds."""

from __future__ import annotations

import math
import warnings
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zoo.types import Block, Floats

_T = TypeVar("_T")
_DISTANCES = 2**20  # of patches to centroids at a time: 4 MiB, which stay in the processor's cache
FLOOR = 10 / 255**2  # added to a patch's variance, on a grey scale of length 1: Coates, Lee and Ng's 10 of 255
_ROUNDS = 20  # of k-means; the codes hardly change after
_REGULARISED = 0.1  # added to the variances that patches are whitened by, theirs


@dataclass(frozen=True)
class Grid:
    """Where patches are taken from an image.

    Attributes:
        side: of a patch, in pixels.
        stride: from a patch to the next, in pixels.
    """

    side: int
    stride: int

    def places(self, shape: tuple[int, ...]) -> tuple[int, int]:
        """How many patches images of a shape [height, width, channels] have, downwards and across."""
        down, across = ((size - self.side) // self.stride + 1 for size in shape[:2])
        return down, across

    def has_quarters(self, shape: tuple[int, ...]) -> bool:
        """Whether images of a shape [height, width, channels] have patches in each quarter: two down and two across."""
        return min(self.places(shape)) > 1

    def windows(self, images: Floats) -> Floats:
        """A view [n, down, across, channels, side, side] of images [n, height, width, channels]."""
        windows = np.lib.stride_tricks.sliding_window_view(images, (self.side, self.side), axis=(1, 2))
        return windows[:, :: self.stride, :: self.stride]

    def patches(self, images: Floats) -> Floats:
        """All patches [n, places, values], row by row."""
        windows = self.windows(images)
        return windows.reshape(len(images), windows.shape[1] * windows.shape[2], -1)

    def some(self, images: Floats, each: int, random: np.random.Generator) -> Floats:
        """So many patches of each image, at random places: [n * each, values]."""
        windows = self.windows(images)
        down, across = (random.integers(size, size=(len(images), each)) for size in windows.shape[1:3])
        chosen = windows[np.arange(len(images))[:, None], down, across]
        return chosen.reshape(len(images) * each, -1)


def contrast_normalised(patches: Floats, span: float) -> Floats:
    """Patches [..., values] with mean 0 and about deviation 1; flat ones stay flat.

    Args:
        patches: the patches.
        span: length of the grey scale.
    """
    centred = patches - patches.mean(axis=-1, keepdims=True)
    variance = np.einsum("...i,...i->...", centred, centred)[..., None] / np.float32(patches.shape[-1])
    centred /= np.sqrt(variance + np.float32(FLOOR * span**2))
    return centred


@dataclass(frozen=True)
class Whitening:
    """Takes the correlations off patches that are contrast normalised.

    Attributes:
        span: length of the grey scale.
        mean: [values].
        directions: [values, values], symmetric (ZCA).
    """

    span: float
    mean: Floats
    directions: Floats

    @classmethod
    def of(cls, patches: Floats, span: float) -> Whitening:
        """Learnt from patches [n, values]."""
        normal = contrast_normalised(patches, span).astype(np.float64)
        mean = normal.mean(axis=0)
        variances, axes = np.linalg.eigh(np.cov(normal, rowvar=False, bias=True).reshape(len(mean), len(mean)))
        directions = (axes / np.sqrt(np.maximum(variances, 0) + _REGULARISED)) @ axes.T
        return cls(span, mean.astype(np.float32), directions.astype(np.float32))

    def __call__(self, patches: Floats) -> Floats:
        """Patches [..., values], whitened."""
        return np.asarray((contrast_normalised(patches, self.span) - self.mean) @ self.directions, np.float32)


@dataclass(frozen=True)
class PatchFeatures:
    """How near an image's patches are to each centroid, summed over the four quarters of the image.

    A patch's nearness to a centroid is how much smaller its distance is than its mean distance to all, or 0: the
    "triangle" code.

    Attributes:
        grid: where patches are.
        whitening: of patches.
        centroids: [centroids, values] of whitened patches.

    Reference:
        Coates, Lee and Ng 2011, "An analysis of single-layer networks in unsupervised feature learning", section 3.
    """

    grid: Grid
    whitening: Whitening
    centroids: Floats

    def of(self, images: Iterable[Block]) -> Floats:
        """Blocks of images [n, height, width, channels] -> [all of them, 4 * centroids].

        An image's features are computed by itself, so they are the same whatever comes beside it.
        """
        return np.concatenate([np.empty((0, 4 * len(self.centroids)), np.float32), *self.by_block(images)])

    def by_block(self, images: Iterable[Block]) -> Iterator[Floats]:
        """As `of`, block by block, so that neither images nor features of a whole table are in memory at once."""
        return in_threads(self._pooled, images)

    def block(self, shape: tuple[int, ...]) -> int:
        """How many images of a shape are best taken at a time."""
        return max(1, _DISTANCES // (math.prod(self.grid.places(shape)) * len(self.centroids)))

    def _pooled(self, block: Block) -> Floats:
        images = np.asarray(block)
        patches = self.whitening(self.grid.patches(images))
        # |x - c|^2 = (x, |x|^2, 1) . (-2 c, 1, |c|^2): one product of matrices gives all the distances
        squares = np.einsum("npv,npv->np", patches, patches)[..., None]
        left = np.concatenate([patches, squares, np.ones_like(squares)], axis=2)
        lengths = np.einsum("kv,kv->k", self.centroids, self.centroids)[:, None]
        right = np.concatenate([-2 * self.centroids, np.ones_like(lengths), lengths], axis=1)
        distances = left @ right.T
        np.sqrt(np.maximum(distances, 0, out=distances), out=distances)
        nearness = np.subtract(distances.mean(axis=2, keepdims=True), distances, out=distances)
        np.maximum(nearness, 0, out=nearness)
        quarter = quarters(*self.grid.places(images.shape[1:]))
        return np.asarray((quarter @ nearness).reshape(len(images), -1), np.float32)


def centroids_of(patches: Floats, count: int, seed: int) -> Floats:
    """Centroids [count, values] of patches [n, values] by k-means; fewer where there are fewer patches."""
    from sklearn.cluster import KMeans, kmeans_plusplus
    from sklearn.exceptions import ConvergenceWarning

    count = min(count, len(patches))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct patches than centroids
        # in float64, which is faster here; started from a part of the patches, codes told less of the classes
        first, _ = kmeans_plusplus(patches.astype(np.float64), count, random_state=seed)
        clusters = KMeans(count, init=first.astype(np.float32), n_init=1, max_iter=_ROUNDS).fit(patches)
    return np.asarray(clusters.cluster_centers_, np.float32)


def quarters(down: int, across: int) -> Floats:
    """[4, down * across] which places are in which quarter of a grid, 1 or 0."""
    lower, right = np.arange(down) >= (down + 1) // 2, np.arange(across) >= (across + 1) // 2
    grid = 2 * lower[:, None] + right[None, :]
    return (grid.ravel() == np.arange(4)[:, None]).astype(np.float32)


def in_threads(function: Callable[[Block], _T], blocks: Iterable[Block]) -> Iterator[_T]:
    """Yields a function of each block, in their order; NumPy works on as many at once as there are processors.

    A block is read when there is room for it: at most twice as many as there are processors are under way, or done
    and not asked for yet.
    """
    from joblib import cpu_count
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    workers = cpu_count()
    under_way: deque[Future[_T]] = deque()
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        for block in blocks:
            under_way.append(pool.submit(function, block))
            if len(under_way) >= 2 * workers:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
