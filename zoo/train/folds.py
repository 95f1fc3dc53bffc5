"""Cross-validation: the same table split anew, so that every row is held out once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import Splits


def folds(splits: Splits, count: int, seed: int) -> Iterator[Splits]:
    """Yields the table `count` times, each time with another part of all its rows held out.

    Groups stay together. Of the rows that are left, as large a share is for validation as in the table's own split.

    Args:
        splits: the table; its own test rows are used like any others.
        count: folds.
        seed: of the order in which rows are dealt out.

    Raises:
        InputError: fewer rows (or groups) than folds.
    """
    rows = np.unique(np.concatenate([splits.train, splits.validation, splits.test]))
    groups = rows if splits.groups is None else splits.groups[rows]
    names, members = np.unique(groups, return_inverse=True)
    if len(names) < count:
        raise InputError(f"{len(names)} rows or groups cannot be dealt into {count} folds: lower train.folds")
    random = np.random.default_rng(seed)
    dealt = random.permutation(len(names)) % count
    seen = len(np.union1d(splits.train, splits.validation))
    share = len(splits.validation) / max(seen, 1)
    for fold in range(count):
        held_out = dealt[members] == fold
        rest = np.flatnonzero(dealt != fold)
        validating = random.permutation(rest)[: max(1, round(share * len(rest)))]
        validation = np.isin(members, validating)
        yield replace(splits, train=rows[~held_out & ~validation], validation=rows[validation], test=rows[held_out])
