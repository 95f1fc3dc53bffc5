"""Which rows are one thing, from pairs that match; without chains of strangers."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.matching.arrays import Ints, Reals

    Compare = Callable[[Ints, Ints], Reals]

_LOOKED_AT = 10  # rows of a group that are compared with those of another
_PATIENT = 100  # rounds in which groups grow by their surest link alone
_MOST_SURE = 30.0  # log-odds; one pair that is surer than that does not outweigh others


def entities(rows: int, left: Ints, right: Ints, log_odds: Reals, threshold: float, compare: Compare) -> Ints:
    """The entity [rows] of each row: the number of its first row.

    Groups grow by the surest links first, and two become one only if all pairs between them, candidates or not, are on
    average a match (of groups of more than 10 rows, 10 evenly chosen ones of each). One link, however sure, does not
    join two groups whose other rows do not match, and a row at the end of a chain does not come in by its neighbour.
    A group that a hundred others wait for takes in several at a time from then on, each of which matches it on average:
    else a star of n rows would take n rounds.

    Args:
        rows: how many there are.
        left: [pairs] rows of matches.
        right: [pairs] rows of matches.
        log_odds: [pairs] of matches.
        threshold: mean log-odds from which on two groups are one.
        compare: gives the log-odds [n] of rows [n] and rows [n].

    Reference:
        Sokal and Michener 1958, "A statistical method for evaluating systematic relationships" (average linkage).
    """
    entity: Ints = np.arange(rows, dtype=np.int64)
    order = np.lexsort((right, left, -np.asarray(log_odds)))
    one: Ints = left[order].astype(np.int64)
    other: Ints = right[order].astype(np.int64)
    odds: Reals = np.asarray(log_odds, np.float64)[order]
    for turn in itertools.count():
        one, other, odds = _between_groups(entity, one, other, odds)
        if not len(one):
            break
        if turn < _PATIENT:
            chosen = _surest_of_both(rows, one, other)
            groups, others = one[chosen], other[chosen]
        else:
            chosen, groups, others = _surest_of_many(rows, one, other, turn)
        mean = _mean_log_odds(entity, groups, others, odds[chosen], compare)
        joined = mean >= threshold
        entity = _joined(entity, groups[joined], others[joined])
        left_over = np.ones(len(one), bool)
        left_over[chosen] = False  # joined, or refused for good
        one, other, odds = one[left_over], other[left_over], odds[left_over]
    _, first, group = np.unique(entity, return_index=True, return_inverse=True)
    return np.asarray(first[group], np.int64)


def _between_groups(entity: Ints, one: Ints, other: Ints, odds: Reals) -> tuple[Ints, Ints, Reals]:
    """The links between groups, by the groups' numbers, the surest of each two groups."""
    one, other = entity[one], entity[other]
    one, other = np.minimum(one, other), np.maximum(one, other)
    outside = np.flatnonzero(one != other)
    _, first = np.unique(one[outside] << 32 | other[outside], return_index=True)
    kept = outside[np.sort(first)]
    return one[kept], other[kept], odds[kept]


def _surest(rows: int, one: Ints, other: Ints) -> Ints:
    """The first link [rows] of each group, of links that are sorted from the surest; as many as there are for none."""
    surest = np.full(rows, len(one), np.int64)
    places = np.arange(len(one))[::-1]
    surest[other[::-1]] = places
    of_one = np.full(rows, len(one), np.int64)
    of_one[one[::-1]] = places
    return np.minimum(surest, of_one)


def _surest_of_both(rows: int, one: Ints, other: Ints) -> Ints:
    """The links, sorted from the surest, that are the surest of both their groups."""
    surest, places = _surest(rows, one, other), np.arange(len(one))
    return np.flatnonzero((surest[one] == places) & (surest[other] == places))


def _surest_of_many(rows: int, one: Ints, other: Ints, turn: int) -> tuple[Ints, Ints, Ints]:
    """Links by which groups are taken in, the surest of each of these; and both groups of each.

    Each turn draws which groups take in and which are taken, so that none is both.
    """
    takes = np.random.default_rng(turn).random(rows) < 0.5
    surest, places = _surest(rows, one, other), np.arange(len(one))
    into_one = takes[one] & ~takes[other] & (surest[other] == places)
    into_other = takes[other] & ~takes[one] & (surest[one] == places)
    chosen = np.flatnonzero(into_one | into_other)
    straight = into_one[chosen]
    return chosen, np.where(straight, one[chosen], other[chosen]), np.where(straight, other[chosen], one[chosen])


def _mean_log_odds(entity: Ints, groups: Ints, others: Ints, odds: Reals, compare: Compare) -> Reals:
    """[links] of all pairs of rows between the two groups of each."""
    concerned = np.zeros(len(entity), bool)
    concerned[groups] = concerned[others] = True
    members = np.flatnonzero(concerned[entity])
    members = members[np.argsort(entity[members], kind="stable")]
    first, starts, sizes = np.unique(entity[members], return_index=True, return_counts=True)
    places, other_places = np.searchsorted(first, groups), np.searchsorted(first, others)
    one, one_sizes = _some_of(members, starts[places], sizes[places])
    other, other_sizes = _some_of(members, starts[other_places], sizes[other_places])
    many = one_sizes * other_sizes
    mean = np.clip(odds, -_MOST_SURE, _MOST_SURE)
    several = np.flatnonzero(many > 1)
    if not len(several):
        return mean
    counts = many[several]
    link = np.repeat(several, counts)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    row, column = within // other_sizes[link], within % other_sizes[link]
    found = np.clip(compare(one[link, row], other[link, column]), -_MOST_SURE, _MOST_SURE)
    mean[several] = np.bincount(link, found, minlength=len(many))[several] / counts
    return mean


def _some_of(members: Ints, starts: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Up to 10 rows [links, 10] of each group, evenly chosen, and how many."""
    taken = np.minimum(sizes, _LOOKED_AT)
    steps = np.arange(_LOOKED_AT) * sizes[:, None] // np.maximum(taken, 1)[:, None]
    return members[np.minimum(starts[:, None] + steps, len(members) - 1)], taken


def _joined(entity: Ints, groups: Ints, others: Ints) -> Ints:
    """Each of the others' rows go to the group; no group is in two links."""
    new = np.arange(len(entity))
    new[others] = groups
    return new[entity]
