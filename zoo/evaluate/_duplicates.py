"""Copies among the held-out rows, and of training rows among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._copies import row_digests
from zoo.metrics._vectors import lengths, products, unit
from zoo.types import Duplicates

if TYPE_CHECKING:
    from zoo.types import Rows, Splits

_COSINE = 0.999
_LENGTHS = 0.05  # by which the lengths of two rows that are nearly the same may differ
_WORK = 1e10  # multiplications that looking for near copies may take, about a second
_BLOCK = 512  # held-out rows at a time
_AMONG = 16_384  # rows they are compared with at a time


def duplicates(splits: Splits, seed: int = 0) -> tuple[Duplicates, Rows]:
    """Counts copies.

    A near copy is a row with a cosine above .999 to another whose length differs by less than 5%. They are sought for
    a sample of the held-out rows where the table is large; `Duplicates.looked_at` says for how many.

    Args:
        splits: the table.
        seed: of the sample.

    Returns:
        The counts, and the numbers of the held-out rows that are exact copies of a training row or of an earlier
        held-out row.
    """
    test = np.unique(splits.test)
    others = np.setdiff1d(splits.train, test)  # a table too small to split is judged on its training rows
    own = row_digests(splits, test)
    _, first, sets, sizes = np.unique(own, return_index=True, return_inverse=True, return_counts=True)
    of_training = np.isin(own, row_digests(splits, others))
    is_copy = of_training | (first[sets] != np.arange(len(test)))
    most = int(_WORK // max(splits.width * (len(test) + len(others)), 1))
    chosen = np.sort(np.random.default_rng(seed).permutation(len(test))[: max(min(most, len(test)), 1)])
    near, near_training = (
        _near(splits, test[chosen], among) for among in (test, others)
    )  # which say no more of a row that is an exact copy
    found = Duplicates(
        rows=len(test),
        exact=int((sizes[sets] > 1).sum()),
        near=int((near & (sizes[sets] == 1)[chosen]).sum()),
        of_training=int(of_training.sum()),
        near_training=int((near_training & ~of_training[chosen]).sum()),
        looked_at=len(chosen),
    )
    return found, test[is_copy]


def _near(splits: Splits, rows: Rows, among: Rows) -> Any:
    """Whether each row [n] has a near copy among others: [n] booleans."""
    found = np.zeros(len(rows), bool)
    if not len(rows):
        return found
    mine, own = _directions(splits, rows)  # a sample: they are few where the others are many
    for start in range(0, len(among), _AMONG):
        others = among[start : start + _AMONG]
        theirs, sizes = _directions(splits, others)
        for first in range(0, len(rows), _BLOCK):
            block = slice(first, min(first + _BLOCK, len(rows)))
            alike = products(mine[block], theirs) > _COSINE
            hits = np.flatnonzero(alike.any(axis=1))  # few of most tables, and of some all rows point one way
            alike, own_sizes = alike[hits], own[block][hits, None]
            alike &= np.abs(sizes - own_sizes) <= _LENGTHS * np.maximum(sizes, own_sizes)
            alike &= others != rows[block][hits, None]
            found[first + hits] |= alike.any(axis=1)
    return found


def _directions(splits: Splits, rows: Rows) -> tuple[Any, Any]:
    """Rows [n, width] at length 1, and their lengths [n]; a row of zeros is near to nothing."""
    matrix = splits.kind.matrix(splits.take(rows))
    return unit(matrix), lengths(matrix)
