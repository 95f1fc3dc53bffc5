"""How well the fields of candidate pairs tell matches: over all thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._matches import asked_records, lacking
from zoo.metrics._pair_scores import NO_PAIR, has_fields, scored_candidates
from zoo.metrics.match_average_precision import MatchAveragePrecision

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits


class PairScoreAveragePrecision(MatchAveragePrecision):
    """Average precision of the candidate pairs, by the score of their fields, in finding the true pairs.

    Two stages find what is the same: codes find candidates, fields decide. This is the second, as `zoo.match` takes it:
    how well a pair's fields agree, weighed by EM without labels (Fellegi and Sunter), of the candidates that the codes
    give and of those that share a rare value. None for rows that are no records. See `MatchAveragePrecision`.

    Args:
        k: candidates a record.
        rows: held-out rows to look at most: whole entities.

    Reference:
        Fellegi and Sunter 1969, "A theory for record linkage".
    """

    reads_cells = True  # fields that a code leaves out are compared all the same

    def shortage(self, splits: Splits) -> str:
        """Too few records, or none with a match."""
        return lacking(splits, self.k, self.rows)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[records, 2 k + 1]: log-odds, whether each is a match, and how many matches the record has."""
        taken, own, matches = asked_records(splits, self.k, self.rows)
        if not matches.any() or not has_fields(splits):
            return None
        found = scored_candidates(representation, splits, taken, self.k)
        if found is None:
            return np.full((len(taken), 2 * self.k + 1), np.nan)
        places, odds = found
        hits = (own[places] == own[:, None]) & (odds > NO_PAIR)
        return np.hstack([odds, hits, matches[:, None]])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return super().row_numbers(splits)[: None if has_fields(splits) else 0]
