"""Records, what each is of, and the nearest candidates for a match of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._kept import Kept
from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._some_records import some_records
from zoo.metrics._vectors import cosines, is_finite, nearest, unit, vectors

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits

_NOWHERE = -2.0  # a cosine below all
_USUAL = 10  # candidates that are looked for at least, since metrics of one run ask for 1 and for 10
_SEARCHES = Kept()


def asked_records(splits: Splits, k: int, most: int) -> tuple[Rows, Rows, Rows]:
    """Held-out rows [n], their entities [n], and how many matches each has [n]; none with no more than k to look at.

    Where the rows are of two tables, matches are of the other table.
    """
    classes = class_numbers(splits)
    taken = splits.test[:0] if classes is None else labelled(some_records(splits, most), classes)
    if classes is None or len(taken) <= k:
        return taken[:0], taken[:0], taken[:0]
    own = classes[taken]
    sides = side_of(splits, taken)
    if sides is None:
        return taken, own, np.bincount(own)[own] - 1
    counts = np.zeros((2, own.max() + 1), np.int64)
    np.add.at(counts, (sides, own), 1)
    if np.bincount(sides, minlength=2).min() < k:
        return taken[:0], taken[:0], taken[:0]
    return taken, own, counts[1 - sides, own]


def lacking(splits: Splits, k: int, most: int) -> str:
    """Why no match can be asked for, see `zoo.types.Metric`; "" if one can."""
    classes = class_numbers(splits)
    if classes is None:
        return ""  # that it needs labels is known
    taken, _, matches = asked_records(splits, k, most)
    if matches.any():
        return ""
    held_out = len(labelled(some_records(splits, most), classes))
    if not len(taken):
        where = "" if splits.sides is None else " of each table"
        return f"of {held_out:,} records that are held out at least {k}{where} are looked at, and there are fewer"
    return f"none of {held_out:,} records that are held out has a match among them"


def side_of(splits: Splits, rows: Rows) -> Rows | None:
    """Which of two tables the rows are of; None where there is one."""
    return None if splits.sides is None else splits.sides[rows]


def candidates(
    representation: Representation, splits: Splits, rows: Rows, asked: Rows, k: int
) -> tuple[Rows, Doubles] | None:
    """The k nearest [asked, k] of some rows, as places among the rows, and their cosines; None if codes are not finite.

    What was searched for one metric is kept for the next.

    Args:
        representation: whose codes to use.
        splits: the table.
        rows: [n] row numbers.
        asked: [asked] places among them.
        k: candidates for each.
    """
    wide = min(max(k, _USUAL), len(rows))
    found = _SEARCHES.of(representation, splits, rows, wide, lambda: _searched(representation, splits, rows, wide))
    if found is None:
        return None
    places, values = found
    places, values = places[asked], values[asked]
    first = np.sort(np.argsort(-values, axis=1, kind="stable")[:, :k], axis=1)  # columns stay in their order
    return np.take_along_axis(places, first, axis=1), np.take_along_axis(values, first, axis=1)


def _searched(representation: Representation, splits: Splits, rows: Rows, k: int) -> tuple[Rows, Doubles] | None:
    codes = vectors(representation, rows)
    if not is_finite(codes):
        return None
    directions, sides = unit(codes), side_of(splits, rows)
    found: Rows = np.empty((len(rows), k), np.int64)
    values: Doubles = np.empty((len(rows), k))
    for block, similarities in cosines(directions, directions):
        queries = np.arange(block.start, block.stop)
        similarities[np.arange(len(queries)), queries] = _NOWHERE
        if sides is not None:
            similarities[sides[queries, None] == sides[None, :]] = _NOWHERE
        found[block] = nearest(similarities, k)
        values[block] = np.take_along_axis(similarities, found[block], axis=1)
    return found, values
