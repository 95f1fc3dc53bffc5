"""Pairs of held-out records, scored by how well their fields agree: the second of matching's two stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.matching.field_values import Reading
from zoo.matching.linking import Sides, Wanted, field_values, link
from zoo.metrics._kept import Kept
from zoo.metrics._matches import candidates, side_of
from zoo.metrics._vectors import vectors
from zoo.rows.plain_text import MISSING_WORDS

if TYPE_CHECKING:
    from zoo.matching.arrays import Reals
    from zoo.types import Doubles, Representation, Rows, Splits

NO_PAIR = -1e9  # log-odds
_SCORES = Kept()


def scored_candidates(
    representation: Representation, splits: Splits, taken: Rows, k: int
) -> tuple[Rows, Doubles] | None:
    """The k likeliest candidates [n, k] of each row, as places among the rows, and their log-odds, falling.

    Candidates are found and scored as `zoo.match` does: those of nearest code and those that share a rare value, by
    weights that EM learns from these very pairs, without their labels. Log-odds of -1e9 stand for no candidate.

    Args:
        representation: whose codes to use.
        splits: the table; records with raw cells, see `has_fields`.
        taken: [n] row numbers.
        k: candidates by the codes, and of a row.

    Returns:
        None for codes that are not finite, or fields that say nothing.
    """
    found: tuple[Rows, Doubles] | None = _SCORES.of(
        representation, splits, taken, k, lambda: _scored(representation, splits, taken, k)
    )
    return found


def has_fields(splits: Splits) -> bool:
    """Whether rows are records whose cells are there to be compared."""
    return splits.raw is not None and bool(_names(splits))


def _scored(representation: Representation, splits: Splits, taken: Rows, k: int) -> tuple[Rows, Doubles] | None:
    found = candidates(representation, splits, taken, np.arange(len(taken)), k)
    if found is None:
        return None
    sides, every = side_of(splits, taken), np.arange(len(taken))
    own = [every] if sides is None else [every[sides == 0], every[sides == 1]]
    place = np.empty(len(taken), np.int64)  # of a row in its own table
    for each in own:
        place[each] = np.arange(len(each))
    try:
        compared = _sides(representation, splits, [taken[each] for each in own])
    except InputError:
        return None
    links = link(compared, [place[found[0][own[0]]]], Wanted(k, threshold=0.5))
    left, right = own[0][links.pairs.left], own[-1][links.pairs.right]
    return _of_rows(np.append(left, right), np.append(right, left), np.tile(links.log_odds, 2), len(taken), k)


def _names(splits: Splits) -> list[str]:
    return [name for name, kind in splits.kind.table_schema() if kind == "text"]


def _sides(representation: Representation, splits: Splits, rows: list[Rows]) -> Sides:
    tables = [splits.raw.take(each) for each in rows]
    reading = Reading(getattr(splits.kind, "reads", {}), getattr(splits.kind, "missing", MISSING_WORDS))
    other = tables[1] if len(tables) > 1 else None
    values, _ = field_values(tables[0], other, _names(splits), {}, ("a", "b"), reading)
    return Sides(values, *(_dense(vectors(representation, each)) for each in rows))


def _dense(codes: Any) -> Reals:
    """Codes; of sparse ones, which are too wide and have found their candidates already, zeros."""
    return codes if isinstance(codes, np.ndarray) else np.zeros((codes.shape[0], 1), np.float32)


def _of_rows(rows: Rows, others: Rows, odds: Any, count: int, k: int) -> tuple[Rows, Doubles]:
    order = np.lexsort((others, -odds, rows))
    rows, others, odds = rows[order], others[order], odds[order]
    sizes = np.bincount(rows, minlength=count)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places, found = np.zeros((count, k), np.int64), np.full((count, k), NO_PAIR)
    first = rank < k
    places[rows[first], rank[first]], found[rows[first], rank[first]] = others[first], odds[first]
    return places, found
