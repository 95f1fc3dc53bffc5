"""What is known of the fields of records without looking at a record: how often what is in them occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.types import MISSING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from zoo.types import Doubles, Rows, Splits

_UNSEEN = 0.5  # of an item that training rows do not have, beside counts of those that they have (Jeffreys 1946)


def columns_of_fields(splits: Splits) -> Mapping[str, int]:
    """Field -> its number of columns, one block after the other; empty for rows without fields."""
    if splits.kind.blocks:
        return {name: columns for name, (columns, _) in splits.kind.blocks.items()}
    fields = splits.kind.categories or {}
    return {name: len(names) for name, names in fields.items()} if len(fields) > 1 else {}


def filled_fields(splits: Splits, rows: Rows) -> npt.NDArray[np.bool_]:
    """Whether the given rows [n] say something in each field: [n, fields]; being missing says nothing."""
    block: Any = splits.take(rows)
    says = (block != 0).multiply(_says_something(splits)[None, :]).tocsr()
    return _by_field(splits, says) > 0


def _says_something(splits: Splits) -> npt.NDArray[np.bool_]:
    """Which columns [columns] are of what is there, and not of what is missing."""
    fields = splits.kind.categories or {}
    if splits.kind.blocks or len(fields) < 2:
        return np.ones(splits.kind.width, bool)
    return np.asarray([name != MISSING for names in fields.values() for name in names], bool)


def nats_by_frequency(splits: Splits, rows: Rows) -> Doubles:
    """-log of the chance of each field of the given rows [n, fields] in nats, by its items' shares in training rows.

    It is `zoo.likelihoods.Product` of a code that says nothing: a category's cross-entropy, and for a bag of items (the
    characters of a text) that of all of them together.
    """
    counts = np.asarray(splits.take(splits.train).sum(axis=0), np.float64).ravel() + _UNSEEN
    ends = np.cumsum(list(columns_of_fields(splits).values()))
    shares = np.concatenate([block / block.sum() for block in np.split(counts, ends[:-1])])
    block: Any = splits.take(rows)
    return _by_field(splits, block.multiply(-np.log(shares)[None, :]).tocsr())


def _by_field(splits: Splits, block: Any) -> Doubles:
    """Sums [n, fields] of sparse rows [n, columns] over the columns of each field."""
    from scipy.sparse import csr_array

    sizes = list(columns_of_fields(splits).values())
    fields = np.repeat(np.arange(len(sizes)), sizes)
    pick = csr_array((np.ones(len(fields)), (np.arange(len(fields)), fields)), shape=(len(fields), len(sizes)))
    return np.asarray((block.astype(np.float64) @ pick).toarray())
