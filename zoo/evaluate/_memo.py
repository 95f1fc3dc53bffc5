"""Codes and scores of rows, each computed once for all metrics."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.types import Scores

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoo.types import Representation, Rows

_NUMBERS = 2**26  # kept for all representations together: 256 MiB


def remembering(representations: Sequence[Representation], rows: int) -> list[Representation]:
    """The same representations of a table of so many rows, which compute the code and the score of a row once."""
    most = _NUMBERS // max(len(representations), 1)
    return [_remembering(each, rows, most) for each in representations]


def _remembering(representation: Representation, rows: int, most: int) -> Representation:
    twin = copy.copy(representation)
    vars(twin)["encode"] = Memo(representation.encode, rows, most)
    if isinstance(representation, Scores):
        vars(twin)["score"] = Memo(representation.score, rows, most)
    return twin


class Memo:
    """A function of row numbers that keeps what it has computed.

    Args:
        function: row numbers [n] -> [n, ...], each row's own whatever is asked for beside it.
        rows: how many rows the table has.
        most: numbers to keep; what would be more is computed anew each time, and so are sparse rows.
    """

    def __init__(self, function: Callable[[Rows], Any], rows: int, most: int) -> None:
        self._function, self._most = function, most
        self._places = np.full(rows, -1, np.int64)
        self._kept: Any = None
        self._keeps: bool | None = None  # not known before the first rows

    def __call__(self, rows: Rows) -> Any:
        """Row numbers [n] -> [n, ...]."""
        wanted = np.unique(rows[self._places[rows] < 0])
        if self._keeps is False or (self._kept is not None and self._size(len(wanted)) > self._most):
            return self._function(rows)
        if len(wanted) or self._kept is None:
            found = self._function(wanted)
            if self._kept is None:  # now it is seen what becomes of a row
                self._keeps = isinstance(found, np.ndarray) and found.size <= self._most
                if not self._keeps:
                    return found if np.array_equal(wanted, rows) else self._function(rows)
                self._kept = found[:0]
            self._places[wanted] = np.arange(len(self._kept), len(self._kept) + len(wanted))
            self._kept = np.concatenate([self._kept, found])
        return self._kept[self._places[rows]]

    def _size(self, more: int) -> int:
        return (len(self._kept) + more) * int(np.prod(self._kept.shape[1:]))
