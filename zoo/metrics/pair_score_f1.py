"""How well the fields of candidate pairs tell matches: at the best of all thresholds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.metrics.match_f1 import MatchF1
from zoo.metrics.pair_score_average_precision import PairScoreAveragePrecision

if TYPE_CHECKING:
    from zoo.types import Doubles


class PairScoreF1(PairScoreAveragePrecision):
    """The largest F1 that any one threshold on the score of the fields reaches; see `PairScoreAveragePrecision`.

    Args:
        k: candidates a record.
        rows: held-out rows to look at most: whole entities.
    """

    unit = "F1"

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """[resamples]."""
        return MatchF1(self.k, self.rows).statistic(values, weights)
