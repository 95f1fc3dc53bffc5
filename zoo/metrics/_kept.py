"""What was computed of a representation for one metric, kept for the next that asks for the same."""

from __future__ import annotations

import contextlib
import weakref
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.types import Representation, Rows, Splits


@dataclass(frozen=True)
class _One:
    representation: weakref.ref[Any]
    splits: weakref.ref[Any]
    rows: Rows
    k: int
    result: Any


class Kept:
    """Keeps results by representation, table, rows and k, without keeping representations or tables alive.

    Args:
        most: results that are kept, the last ones: as many as representations are judged side by side.
    """

    def __init__(self, most: int = 32) -> None:
        self._results: deque[_One] = deque(maxlen=most)

    def of(self, representation: Representation, splits: Splits, rows: Rows, k: int, make: Callable[[], Any]) -> Any:
        """What `make` gives, or has given for the same."""
        for each in self._results:
            same = each.representation() is representation and each.splits() is splits and each.k == k
            if same and np.array_equal(each.rows, rows):
                return each.result
        result = make()
        with contextlib.suppress(TypeError):  # what cannot be referred to weakly is computed each time
            self._results.append(_One(weakref.ref(representation), weakref.ref(splits), rows, k, result))
        return result
