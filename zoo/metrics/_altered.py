"""Copies of rows that are shifted, noised or masked."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from zoo.metrics._completion import items
from zoo.types import MISSING

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.types import Rows, Splits


_TYPICAL = 4_096  # training rows that tell what is usual in a column


def altered(splits: Splits, rows: Rows, alteration: str, amount: float, seed: int) -> Splits | None:
    """A table [n] of altered copies of the given rows [n]; None where such rows cannot be altered so.

    How much noise is a deviation, and what a column's mean is, training rows say.
    """
    function = ALTERATIONS[alteration]
    features = function(splits, rows, amount, np.random.default_rng(seed))
    everything, none = np.arange(len(rows)), np.empty(0, np.int64)
    if features is None:
        return None
    left_out: dict[str, Any] = dict.fromkeys(("keys", "labels", "weights", "groups", "judged_only", "raw"))
    return replace(splits, features=features, train=none, validation=none, test=everything, **left_out)


def _shifted(splits: Splits, rows: Rows, amount: float, random: np.random.Generator) -> Any:
    """Images moved by `amount` pixels left, right, up or down; what comes in repeats the edge."""
    if len(splits.shape) != 3 or splits.is_sparse:
        return None
    images, pixels = np.asarray(splits.features[rows]), round(amount)
    height, width, _ = splits.shape
    padded = np.pad(images, ((0, 0), (pixels, pixels), (pixels, pixels), (0, 0)), mode="edge")
    windows = [padded[:, y : y + height, x : x + width] for y, x in _corners(pixels)]
    return np.stack(windows)[random.integers(len(windows), size=len(images)), np.arange(len(images))]


def _corners(pixels: int) -> list[tuple[int, int]]:
    return [(pixels, 0), (pixels, 2 * pixels), (0, pixels), (2 * pixels, pixels)]


def _noised(splits: Splits, rows: Rows, amount: float, random: np.random.Generator) -> Any:
    """Normal noise of `amount` standard deviations: of each column, or of all pixels of images."""
    typical = _typical(splits)
    if splits.is_sparse or not len(typical):
        return None
    block = np.asarray(splits.features[rows])
    deviations = typical.std(axis=None if len(splits.shape) == 3 else 0, dtype=np.float64)
    noised = block.astype(np.float64) + amount * deviations * random.normal(size=block.shape)
    if block.dtype.kind == "u":
        limits = np.iinfo(block.dtype)
        noised = np.clip(np.round(noised), limits.min, limits.max)
    return noised.astype(block.dtype)


def _masked(splits: Splits, rows: Rows, amount: float, random: np.random.Generator) -> Any:
    """A share of the columns at their mean, of the pixels at 0, of the items left out, of the fields emptied."""
    if splits.is_sparse:
        return _without(splits, rows, amount, random)
    block = np.array(splits.features[rows])
    if len(splits.shape) == 3:
        hidden = random.random((*block.shape[:-1], 1)) < amount
        return np.where(hidden, np.zeros((), block.dtype), block)
    typical = _typical(splits)
    if not len(typical):
        return None
    hidden = random.random(block.shape) < amount
    return np.where(hidden, typical.mean(axis=0, dtype=np.float64), block).astype(block.dtype)


def _typical(splits: Splits) -> Any:
    """Training rows [n, ...], evenly spaced among them, in the units of their columns."""
    return splits.features[splits.train[:: max(-(-len(splits.train) // _TYPICAL), 1)]]


def _without(splits: Splits, rows: Rows, amount: float, random: np.random.Generator) -> Any:
    held = items(splits, rows)
    hidden = random.random(held.nnz) < amount
    columns, numbers = held.indices.copy(), held.data.copy()
    if splits.categories is None or len(splits.categories) < 2:
        numbers[hidden] = 0
    else:
        sizes = [len(names) for names in splits.categories.values()]
        starts = np.cumsum([0, *sizes[:-1]])
        empty = [start + names.index(MISSING) for start, names in zip(starts, splits.categories.values(), strict=True)]
        columns[hidden] = np.repeat(empty, sizes)[columns[hidden]]
    left = sparse.csr_array((numbers, columns, held.indptr), shape=held.shape)
    left.sum_duplicates()
    left.eliminate_zeros()
    return left


ALTERATIONS: dict[str, Callable[[Splits, Rows, float, np.random.Generator], Any]] = {
    "shift": _shifted,
    "noise": _noised,
    "mask": _masked,
}
