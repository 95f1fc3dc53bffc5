"""Images by their small patches, with no label and no network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.moments import Moments
from zoo.patches import Grid, PatchFeatures, Whitening, centroids_of
from zoo.representations._components import whitening_scales

if TYPE_CHECKING:
    from zoo.types import Floats, PositiveInt, Representation, Rows, Seed, Splits, Trained, UnitInterval

_SIDE = 6  # pixels, as published; smaller images have patches of three eighths of their side
_PLACES = 32  # patches in a row of an image at most, unless more are asked for
_READ, _SUMMED = 64, 1_024  # images at a time, and features of images


@dataclass(frozen=True)
class _PatchCodes:
    """Images of a table by their patches, projected to a few numbers."""

    name: str
    splits: Splits
    features: PatchFeatures
    mean: Floats
    directions: Floats

    def encode(self, rows: Rows) -> Floats:
        blocks = self.splits.batches(rows, self.features.block(self.splits.shape))
        codes = [np.empty((0, self.directions.shape[1]), np.float32)]
        features = self.features.by_block(blocks)
        codes += (np.asarray((each - self.mean) @ self.directions, np.float32) for each in features)
        return np.concatenate(codes)

    def on(self, splits: Splits) -> _PatchCodes:
        return replace(self, splits=splits)


class PatchKMeans:
    """Principal components of how an image's small patches lie to centroids that k-means finds.

    Patches are contrast normalised and whitened; each is described by how much nearer than average it is to each
    centroid; the descriptions are summed over the four quarters of an image and standardised. Of these 4 * centroids
    features the principal components are taken, as many as the encoder's code has.

    It is the strongest representation of small images that is known to be free: 32 numbers of it tell more of the
    classes of CIFAR-10 than those of most autoencoders do.

    Args:
        centroids: of patches.
        side: of a patch, in pixels; None takes 6, or three eighths of an image's shorter side if that is less.
        stride: from a patch to the next, in pixels; None takes 1, or more for images in which a row of patches would be
            longer than 32 and a second one fits across.
        whiten: see `PCA`.
        dimensions: components to keep, instead of as many as the code has.
        images: training images to learn from at most, evenly spaced among them.
        patches: patches to find centroids of at most, at random places of these images.
        seed: of the places and of k-means.

    Reference:
        Coates, Lee and Ng 2011, "An analysis of single-layer networks in unsupervised feature learning", AISTATS.
    """

    def __init__(
        self,
        centroids: PositiveInt = 400,
        side: PositiveInt | None = None,
        stride: PositiveInt | None = None,
        whiten: UnitInterval = 0.5,
        dimensions: PositiveInt | None = None,
        images: PositiveInt = 10_000,
        patches: PositiveInt = 100_000,
        seed: Seed = 0,
    ) -> None:
        self.centroids, self.side, self.stride = centroids, side, stride
        self.whiten, self.dimensions = whiten, dimensions
        self.images, self.patches, self.seed = images, patches, seed

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: images only, which patches fit into."""
        if len(splits.shape) != 3:
            raise InputError(
                f"baselines.{name}: PatchKMeans compares patches of images, and the data are "
                f"{splits.kind.in_words()}; leave it out with ~baselines.{name}, and out of the gates"
            )
        shorter = min(splits.shape[:2])
        if self.side is not None and self.side > shorter:
            raise InputError(
                f"baselines.{name}.side={self.side}: patches do not fit into {splits.kind.in_words()}; leave side out, "
                "and it is chosen by the images' size"
            )
        grid = self._grid(splits.shape)
        if not grid.has_quarters(splits.shape):
            most = shorter - grid.side
            instead = f"set baselines.{name}.stride={most} or less" if most else "leave side out"
            if shorter < 2:
                instead = f"leave it out with ~baselines.{name}, and out of the gates"
            raise InputError(
                f"baselines.{name}: patches of {grid.side} pixels, {grid.stride} apart, lie in a single row or column "
                f"of {splits.kind.in_words()}, and leave quarters of the image without any; {instead}"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        self.require(name, splits)
        with threadpool_limits(1):  # where others work, threads wait for each other: two took three times as long
            return self._fitted(name, splits, self.dimensions or trained.model.latent_dim)

    def _fitted(self, name: str, splits: Splits, kept: int) -> Representation:
        count = min(self.images, len(splits.train))
        rows = splits.train[np.linspace(0, len(splits.train) - 1, count).astype(np.int64)]
        grid = self._grid(splits.shape)
        patches = self._some_patches(splits, rows, grid)
        whitening = Whitening.of(patches, _span(splits, rows))
        features = PatchFeatures(grid, whitening, centroids_of(whitening(patches), self.centroids, self.seed))
        moments = Moments(4 * len(features.centroids))
        for start in range(0, count, _SUMMED):
            block = rows[start : start + _SUMMED]
            described = features.of(splits.batches(block, features.block(splits.shape)))
            moments.update(described, np.ones(len(block), np.float32))
        variances, directions = moments.principal_standardised()
        scaled = directions[:, :kept].astype(np.float32) / whitening_scales(variances[:kept], self.whiten)
        return _PatchCodes(name, splits, features, moments.mean.astype(np.float32), scaled)

    def _grid(self, shape: tuple[int, ...]) -> Grid:
        shorter, longer = sorted(shape[:2])
        side = self.side or max(1, min(_SIDE, shorter * 3 // 8))
        stride = min(-(-(longer - side + 1) // _PLACES), max(shorter - side, 1))  # two patches across, however long
        return Grid(side, self.stride or stride)

    def _some_patches(self, splits: Splits, rows: Rows, grid: Grid) -> Floats:
        """Patches [n, values] of the given images, as many of each."""
        random = np.random.default_rng(self.seed)
        each = min(-(-self.patches // len(rows)), math.prod(grid.places(splits.shape)))
        return np.concatenate([grid.some(np.asarray(block), each, random) for block in splits.batches(rows, _READ)])


def _span(splits: Splits, rows: Rows) -> float:
    """Length of the images' grey scale."""
    bounds = [(block.min(), block.max()) for block in splits.batches(rows, _READ)]
    low, high = np.min(bounds, axis=0)[0], np.max(bounds, axis=0)[1]
    return float(high - low) or 1.0
