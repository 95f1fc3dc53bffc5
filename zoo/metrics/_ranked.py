"""Where rows stand in an order of similarities, when equal ones may stand in any order among themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Doubles, Rows


def places(similarities: Doubles) -> tuple[Doubles, Doubles]:
    """How many are before each of [queries, rows], the most similar first, and how many alike, itself included."""
    from scipy.stats import rankdata

    best, worst = (rankdata(-similarities, method=method, axis=1) for method in ("min", "max"))
    return best - 1, worst - best + 1


def places_of(chosen: Rows, similarities: Doubles) -> tuple[Doubles, Doubles]:
    """As `places`, of the chosen ones [chosen] of [rows] similarities to one query."""
    ascending = np.sort(similarities)
    own = similarities[chosen]
    alike = np.searchsorted(ascending, own, side="right") - np.searchsorted(ascending, own, side="left")
    return (len(ascending) - np.searchsorted(ascending, own, side="right")).astype(np.float64), alike.astype(np.float64)


def worth(before: Doubles, alike: Doubles, by_place: Any) -> Doubles:
    """The mean of what the places are worth that a row may take: [...] from `places`, and the worth of each [rows]."""
    summed = np.concatenate([[0.0], np.cumsum(by_place)])
    start = before.astype(np.int64)
    end = start + alike.astype(np.int64)
    return np.asarray((summed[end] - summed[start]) / alike)
