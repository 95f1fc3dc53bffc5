"""Some of the held-out records, with all the matches that these have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers

if TYPE_CHECKING:
    from zoo.types import Rows, Splits


def some_records(splits: Splits, most: int) -> Rows:
    """At most so many held-out rows [n], ascending: whole entities, drawn once and for all.

    The first rows would be those of one table where there are two, or of one part of a table that is sorted, and have
    few matches among them. Rows that are of no entity are drawn one by one.

    Args:
        splits: the table.
        most: rows.
    """
    rows, classes = splits.test, class_numbers(splits)
    if len(rows) <= most:
        return rows
    own = np.full(len(rows), -1, np.int64) if classes is None else classes[rows]
    alone = own < 0
    own = np.where(alone, own.max() + 1 + np.arange(len(rows)), own)
    entities, which, sizes = np.unique(own, return_inverse=True, return_counts=True)
    order = np.random.default_rng(0).permutation(len(entities))
    taken = np.zeros(len(entities), bool)
    taken[order[np.cumsum(sizes[order]) <= most]] = True
    return rows[taken[which]]
