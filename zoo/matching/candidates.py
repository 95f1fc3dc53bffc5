"""Pairs of rows that may be of one thing: near codes, and rare values that both have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.matching.arrays import sorted_unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from zoo.matching.arrays import Ints
    from zoo.matching.field_values import FieldValues

_MOST_OF_A_VALUE = 20  # rows that share a value, of each table


@dataclass(frozen=True)
class Pairs:
    """Pairs of rows, each once, in rising order of the first table's row and then of the second's.

    Of one table, `left` is the lower row of a pair.

    Attributes:
        left: [pairs] rows of the first table.
        right: [pairs] rows of the second.
    """

    left: Ints
    right: Ints

    @classmethod
    def of(cls, left: Ints, right: Ints, *, single: bool) -> Pairs:
        """Sorts pairs and drops repeated ones; and of one table, those of a row with itself."""
        if single:
            left, right = np.minimum(left, right), np.maximum(left, right)
            left, right = left[left != right], right[left != right]
        keys = sorted_unique(left << 32 | right)
        return cls(keys >> 32, keys & 0xFFFFFFFF)

    def __len__(self) -> int:
        return len(self.left)


def near_pairs(blocks: Iterable[Ints], *, single: bool) -> Pairs:
    """The pairs of rows and the rows found for them, given block by block [rows, k], -1 for none."""
    left, right, row = [], [], 0
    for found in blocks:
        there = found >= 0
        left.append(row + np.nonzero(there)[0])
        right.append(found[there])
        row += len(found)
    empty = [np.empty(0, np.int64)]
    return Pairs.of(np.concatenate(left or empty), np.concatenate(right or empty), single=single)


def sharing_pairs(fields: Sequence[FieldValues], most: int, *, single: bool) -> Pairs:
    """Pairs of rows that have a rare value of a field in common: what a single code of all fields may put far apart.

    Values that few rows share come first; values that more than 20 rows of a table share say little and are left out.

    Args:
        fields: of both tables.
        most: pairs, about.
        single: whether both are one table.
    """
    sizes = [_shared(field, single=single) for field in fields if field.kind != "long text"]
    counts = np.concatenate([size[size > 0] for size in sizes] or [np.empty(0, np.int64)])
    by_size = np.bincount(counts, minlength=1) * np.arange(int(counts.max(initial=0)) + 1)
    affordable = int(np.searchsorted(np.cumsum(by_size), most, side="right")) - 1  # the largest that all fit
    left: list[Ints] = [np.empty(0, np.int64)]
    right: list[Ints] = [np.empty(0, np.int64)]
    compared = (field for field in fields if field.kind != "long text")
    for field, size in zip(compared, sizes, strict=True):
        one, other = _pairs_of_values(field, np.flatnonzero((size > 0) & (size <= affordable)))
        left.append(one)
        right.append(other)
    return Pairs.of(np.concatenate(left), np.concatenate(right), single=single)


def together(one: Pairs, other: Pairs, *, single: bool) -> Pairs:
    """The pairs of both."""
    return Pairs.of(np.concatenate([one.left, other.left]), np.concatenate([one.right, other.right]), single=single)


def _shared(field: FieldValues, *, single: bool) -> Ints:
    """[values] how many pairs of rows share each; 0 for what too many share."""
    count = len(field.texts)
    left, right = (np.bincount(side[side >= 0], minlength=count) for side in (field.left, field.right))
    pairs = left * (left - 1) // 2 if single else left * right
    return np.where(np.maximum(left, right) <= _MOST_OF_A_VALUE, pairs, 0).astype(np.int64)


def _pairs_of_values(field: FieldValues, values: Ints) -> tuple[Ints, Ints]:
    """All pairs of rows that share one of the values."""
    wanted = np.zeros(len(field.texts) + 1, bool)  # one more for -1
    wanted[values] = True
    left, right = (np.flatnonzero(wanted[side]) for side in (field.left, field.right))
    right = right[np.argsort(field.right[right], kind="stable")]
    sizes = np.bincount(field.right[right], minlength=len(field.texts))
    starts = np.cumsum(sizes) - sizes
    many = sizes[field.left[left]]
    within = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    return np.repeat(left, many), right[np.repeat(starts[field.left[left]], many) + within]
