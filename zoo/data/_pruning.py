"""Which baskets and items are worth keeping, and the order of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.data._basket_files import BasketFile
    from zoo.types import Rows


def pruned(
    counts: csr_array, is_train: npt.NDArray[np.bool_], min_count: int, min_items: int, max_items: int | None
) -> tuple[Rows, Rows]:
    """Leaves out items and baskets in turns until all that are left satisfy the bounds.

    Leaving out an item makes baskets smaller, and leaving out a basket makes items rarer, so that one pass over each
    would leave columns that no training basket fills (compare the k-core of a graph, Seidman 1983).

    Args:
        counts: [baskets, items] how often each item is in each basket.
        is_train: [baskets] whether training sees it.
        min_count: occurrences of an item in the training baskets.
        min_items: different items of a basket, at least.
        max_items: the same, at most; None for any.

    Returns:
        [kept baskets] and [kept items], numbers in ascending order; both empty if nothing is left.
    """
    baskets, items = np.arange(counts.shape[0]), np.arange(counts.shape[1])
    while baskets.size and items.size:
        common = _occurrences(counts[is_train[baskets]]) >= min_count
        if not common.all():
            counts, items = counts[:, np.flatnonzero(common)], items[common]
        sizes = np.diff(counts.indptr)
        fits = (sizes >= min_items) & (sizes <= (max_items or len(items)))
        if fits.all():
            return baskets, items
        counts, baskets = counts[np.flatnonzero(fits)], baskets[fits]
    return np.empty(0, np.int64), np.empty(0, np.int64)


def by_frequency(found: BasketFile, baskets: Rows, items: Rows) -> Rows:
    """The items in order of falling occurrences in the given baskets; those with as many, by name."""
    often = _occurrences(found.counts[baskets])
    ordered = sorted(items.tolist(), key=lambda item: (-often[item], found.items[item]))
    return np.asarray(ordered, dtype=np.int64)


def _occurrences(counts: csr_array) -> npt.NDArray[np.float64]:
    """[items]; in float64, for float32 stops counting at 2^24."""
    weights = counts.data.astype(np.float64)
    return np.bincount(counts.indices, weights=weights, minlength=counts.shape[1]).astype(np.float64, copy=False)
