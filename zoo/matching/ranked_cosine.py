"""How likely two records are of one thing, from one cosine alone: is a row's best candidate better than by chance?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.fellegi_sunter import rising_ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.matching.arrays import Ints, Reals, Truths


_BINS = 25
_FEWEST = 50  # rows with enough candidates
_RANKS = 2  # the best of a row, and all others


@dataclass(frozen=True)
class RankedCosine:
    """A row's best candidate beside what would be its best if it were among strangers only.

    Among strangers, the gaps between a row's best cosines shrink as 1, 1/2, 1/3, .. (Rényi's representation of order
    statistics with exponential tails): the second best and twice the gap below it say where a stranger that comes first
    lies. Where more rows than that have their first, these are matches. The same of the second best, for pairs that are
    not their rows' first.

    Attributes:
        cosines: [bins] where the probabilities are known.
        probabilities: [2, bins] of a row's first, and of all others; neither falls as the cosine rises.

    Reference:
        Rényi 1953, "On the theory of order statistics"; Efron 2007, "Size, power and false discovery rates".
    """

    cosines: Reals
    probabilities: Reals

    @classmethod
    def estimate(cls, cosine: Reals, rows: Sequence[Ints]) -> RankedCosine | None:
        """Learns from candidate pairs.

        Args:
            cosine: [pairs].
            rows: the row [pairs] that each pair is a candidate of; two of them where both sides are one table.

        Returns:
            None for too few rows.
        """
        best = _best_of_rows(np.tile(cosine, len(rows)), np.concatenate(rows))
        if len(best) < _FEWEST:
            return None
        knots = np.unique(np.quantile(best[:, :2], np.linspace(0, 1, _BINS + 1)))
        if len(knots) < 3:
            return None
        middle = (knots[:-1] + knots[1:]) / 2
        found = []
        # each row borrows the gap of another, drawn whatever the order of the rows: neighbours in a table are alike
        best = best[np.lexsort(best.T)]
        gaps = best[:, :-1] - best[:, 1:]  # [rows, 3]
        others = np.random.default_rng(0).permutation(len(best))
        for rank in range(_RANKS):
            # among strangers, the gap above the next lies as far above that as the law of the gaps says
            chance = best[:, rank + 1] + gaps[others, rank + 1] * (rank + 2) / (rank + 1)
            found.append(_share_of_matches(best[:, rank], chance, knots))
        return cls(middle, np.stack([found[0], np.minimum(found[0], found[1])]))

    def probability(self, cosine: Reals, rows: Sequence[Ints]) -> Reals:
        """[pairs]; see `estimate`."""
        first = np.logical_or.reduce([_is_first(cosine, each) for each in rows])
        return np.where(
            first,
            np.interp(cosine, self.cosines, self.probabilities[0]),
            np.interp(cosine, self.cosines, self.probabilities[1]),
        )

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same of, JSON-ready."""
        return {"cosines": self.cosines.tolist(), "probabilities": self.probabilities.tolist()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RankedCosine:
        """That of a configuration."""
        return cls(np.asarray(config["cosines"]), np.asarray(config["probabilities"]))


def _is_first(cosine: Reals, row: Ints) -> Truths:
    """Whether a pair [pairs] has the greatest cosine of all its row's; equal ones all have."""
    most = np.full(int(row.max(initial=-1)) + 1, -np.inf)
    np.maximum.at(most, row, cosine)
    return np.asarray(cosine >= most[row])


def _best_of_rows(values: Reals, rows: Ints) -> Reals:
    """The four greatest cosines [rows, 4] of each row that has so many, falling."""
    order = np.lexsort((-values, rows))
    rows, values = rows[order], values[order]
    start = np.flatnonzero(np.append(True, rows[1:] != rows[:-1])) if len(rows) else np.empty(0, np.int64)
    lengths = np.diff(np.append(start, len(rows)))
    start = start[lengths >= 4]
    return np.asarray(values[start[:, None] + np.arange(4)], np.float64)


def _share_of_matches(found: Reals, chance: Reals, knots: Reals) -> Reals:
    """[bins] the share of rows in a bin of cosines that lie there beyond chance."""
    there, _ = np.histogram(found, knots)
    by_chance, _ = np.histogram(np.clip(chance, knots[0], knots[-1]), knots)
    low = np.cumsum(by_chance) <= by_chance.sum() / 2
    strangers = min(1.0, there[low].sum() / max(by_chance[low].sum(), 1)) if low.any() else 1.0
    ratio = rising_ratio(there + 0.5, strangers * by_chance + 0.5)
    return np.maximum(1 - 1 / ratio, 0.0)
