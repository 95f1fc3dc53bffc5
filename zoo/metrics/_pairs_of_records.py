"""Pairs of records that are of one entity, and pairs of two that codes take for near."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._matches import asked_records, candidates, side_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Doubles, Representation, Rows, Splits

_NEIGHBOURS = 10  # records of an entity that each of its records is paired with, at most


@dataclass(frozen=True)
class RecordPairs:
    """Pairs of held-out records.

    Attributes:
        first: [pairs] row numbers.
        second: [pairs] row numbers.
        is_match: [pairs] whether the two are of one entity.
    """

    first: Rows
    second: Rows
    is_match: npt.NDArray[np.bool_]


def record_pairs(representation: Representation, splits: Splits, k: int = 10, most: int = 10_000) -> RecordPairs | None:
    """All pairs of one entity, and each record's k nearest as far as they are of others.

    Of an entity with more than 11 records not all pairs are taken: each record with the 10 that come after it. Where
    two tables are matched, pairs are across them. None without labels or matches, with too few records, or for codes
    that are not finite.

    Args:
        representation: whose code says what is near.
        splits: the table.
        k: nearest records to take.
        most: held-out rows to look at, the first ones with a label.
    """
    taken, own, matches = asked_records(splits, k, most)
    if not matches.any():
        return None
    found = candidates(representation, splits, taken, np.arange(len(taken)), k)
    if found is None:
        return None
    ones, others = _of_one_entity(own, side_of(splits, taken))
    near = np.stack([np.repeat(np.arange(len(taken)), k), found[0].ravel()])
    near = np.unique(np.sort(near[:, own[near[0]] != own[near[1]]], axis=0), axis=1)
    first, second = np.concatenate([ones, near[0]]), np.concatenate([others, near[1]])
    return RecordPairs(taken[first], taken[second], np.arange(len(first)) < len(ones))


def parts_of_cosines(codes: Doubles, places: list[tuple[int, int]], pairs: RecordPairs) -> Doubles:
    """What each field adds to the cosine of each pair [pairs, fields], of codes [rows of the table, dimensions].

    Args:
        codes: of length 1, or 0.
        places: (first, last + 1) of each field's numbers.
        pairs: numbers of rows of `codes`.
    """
    products = codes[pairs.first] * codes[pairs.second]
    return np.stack([products[:, start:end].sum(axis=1) for start, end in places], axis=1)


def _of_one_entity(own: Rows, sides: Rows | None) -> tuple[Rows, Rows]:
    """Places [pairs] of two records of one entity [n]."""
    order = np.argsort(own, kind="stable")
    ones, others = [], []
    for step in range(1, min(_NEIGHBOURS, len(own) - 1) + 1):
        one, other = order[:-step], order[step:]
        same = own[one] == own[other]
        if sides is not None:
            same &= sides[one] != sides[other]
        ones.append(one[same])
        others.append(other[same])
    return np.concatenate(ones), np.concatenate(others)
