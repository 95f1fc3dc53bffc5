"""How well one threshold on the cosine links two tables, no record with two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.matching.one_to_one import one_to_one
from zoo.metrics._matches import asked_records, candidates, lacking, side_of
from zoo.metrics.match_f1 import MatchF1

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits

_UNLINKED = -2.0  # a cosine below all


class MatchOneToOneF1(MatchF1):
    """The largest F1 of pairs across two tables that any one threshold reaches, if no record is in two of them.

    Of the candidates of all records, the pairs of the largest cosine are taken first, and then those whose records are
    both free still; equal ones in the order of the table. None where the rows are of one table. See `MatchF1`.

    Args:
        k: candidates a record.
        rows: held-out rows to look at most: whole entities.
    """

    def shortage(self, splits: Splits) -> str:
        """Too few records, or none with a match."""
        return lacking(splits, self.k, self.rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[records of the first table, 3]: cosine of its link, whether it is a match, and how many matches it has."""
        taken, own, matches = asked_records(splits, self.k, self.rows)
        sides = side_of(splits, taken)
        if sides is None or not matches.any():
            return None
        first = np.flatnonzero(sides == 0)
        found = candidates(representation, splits, taken, np.arange(len(taken)), self.k)
        if found is None:
            return np.full((len(first), 3), np.nan)
        rows, places = np.repeat(np.arange(len(taken)), self.k), found[0].ravel()
        left, right = np.where(sides[rows] == 0, [rows, places], [places, rows])
        pairs, where = np.unique(left * len(taken) + right, return_index=True)
        left, right = np.divmod(pairs, len(taken))
        cosines = found[1].ravel()[where]
        kept = one_to_one(left, right, cosines)
        linked = np.full((len(taken), 2), [_UNLINKED, 0.0])
        linked[left[kept]] = np.stack([cosines[kept], own[left[kept]] == own[right[kept]]], axis=1)
        return np.hstack([linked[first], matches[first, None]])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, matches = asked_records(splits, self.k, self.rows)
        sides = side_of(splits, taken)
        return taken[:0] if sides is None or not matches.any() else taken[sides == 0]
