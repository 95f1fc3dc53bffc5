"""Cross-validation: the same table split anew, so that every row is held out once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import Rows, Splits


def folds(splits: Splits, count: int, seed: int) -> Iterator[Splits]:
    """Yields the table `count` times, each time with another part of its rows held out.

    Rows of one group, or of one key, stay together. Rows that only judging may see are held out every time. Of the
    rows that are left, as large a share is for validation as in the table's own split.

    Args:
        splits: the table; its own test rows are used like any others.
        count: folds.
        seed: of the order in which rows are dealt out.

    Raises:
        InputError: fewer rows (or groups) than folds, or rows that are not in memory.
    """
    require_in_memory(splits)
    every = np.unique(np.concatenate([splits.train, splits.validation, splits.test]))
    judged_only = np.empty(0, np.int64) if splits.judged_only is None else splits.judged_only
    always = np.isin(every, judged_only)
    rows = every[~always]
    names, members = np.unique(_groups(splits, rows), return_inverse=True)
    if len(names) < count:
        which = " that may be trained on" if always.any() else ""
        raise InputError(f"{len(names)} rows or groups{which} cannot be dealt into {count} folds: lower train.folds")
    random = np.random.default_rng(seed)
    dealt = random.permutation(len(names)) % count
    seen = len(np.union1d(splits.train, splits.validation))
    share = len(splits.validation) / max(seen, 1)
    for fold in range(count):
        held_out = dealt[members] == fold
        rest = np.flatnonzero(dealt != fold)
        validating = random.permutation(rest)[: max(1, round(share * len(rest)))]
        validation = np.isin(members, validating)
        test = np.sort(np.concatenate([rows[held_out], every[always]]))
        yield replace(splits, train=rows[~held_out & ~validation], validation=rows[validation], test=test)


def require_in_memory(splits: Splits) -> None:
    """Raises InputError for a table that is streamed, whose rows cannot be dealt out."""
    if splits.stream is not None:
        raise InputError(
            "train.folds deals out rows that are in memory, and the table is streamed: leave it out, or hold the table "
            "in memory with data.stream=false"
        )


def _groups(splits: Splits, rows: Rows) -> Rows:
    """A number for each row [n], the same for rows that must stay together."""
    if splits.groups is not None:
        return splits.groups[rows]
    if splits.keys is None:
        return rows
    first: dict[str, int] = {}
    return np.asarray([first.setdefault(splits.keys[row], row) for row in rows], np.int64)
