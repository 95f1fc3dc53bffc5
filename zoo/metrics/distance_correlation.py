"""Whether rows that are far apart have codes that are far apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._distances import code_vectors, distances_of_pairs, raw_vectors
from zoo.metrics._vectors import is_finite
from zoo.metrics._weighted import spearman, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits

_LEAST = 3  # pairs, for a rank correlation


class DistanceCorrelation:
    """Spearman's rho between the distances of pairs of held-out rows and the distances of their codes.

    It looks at the whole, where neighbours look at what is near: clusters may keep their rows and lose their places.
    (Not the distance correlation of Szekely, Rizzo and Bakirov 2007, which tests independence.)

    Args:
        pairs: how many to draw. As long as there are rows no row is in two of them; pairs that share one are counted
            as dependent.
        distance: between raw rows and between codes alike: `euclidean`, or `cosine`.
        seed: of the draws.

    Reference:
        Kruskal 1964 (a map is good if distances keep their order); Becht et al. 2019, "Dimensionality reduction for
        visualizing single-cell data using UMAP" (correlation of pairwise distances).
    """

    unit = "Spearman's rho"
    higher_is_better = True
    limits = (-1.0, 1.0)

    def __init__(
        self, pairs: PositiveInt = 2_000, distance: Literal["euclidean", "cosine"] = "euclidean", seed: Seed = 0
    ) -> None:
        self.pairs, self.distance, self.seed = pairs, distance, seed

    def shortage(self, splits: Splits) -> str:
        """Too few rows."""
        return "" if len(self.members(splits)) else f"at least {_LEAST} pairs of held-out rows are needed"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[pairs, 2]: distance of the raw rows, of the codes; None with fewer than 3 pairs."""
        members = self.members(splits)
        if not len(members):
            return None
        rows, places = np.unique(members, return_inverse=True)
        first, second = places.reshape(members.shape).T
        codes = code_vectors(representation, rows, self.distance)
        if not is_finite(codes):
            return np.full(members.shape, np.nan)
        raw = raw_vectors(splits, rows, self.distance)
        return np.column_stack([distances_of_pairs(each, first, second) for each in (raw, codes)])

    def members(self, splits: Splits) -> Rows:
        """See `zoo.types.Dyadic`: the row numbers [pairs, 2]."""
        order = np.random.default_rng(self.seed).permutation(np.unique(splits.test))
        count = len(order)
        places = np.arange(count)
        start = np.concatenate([places[:-1:2], places[1::2], places[count - count % 2 :]])  # the first half shares none
        steps = np.arange(1, (count - 1) // 2 + 1)[: self.pairs // max(count, 1) + 1]
        chosen = [np.column_stack([order[start], order[(start + step) % count]]) for step in steps]
        pairs = np.concatenate(chosen or [np.empty((0, 2), np.int64)])[: self.pairs].astype(np.int64)
        return pairs if len(pairs) >= _LEAST else pairs[:0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """Spearman's rho; NaN if one of the two is the same for all pairs."""
        nothing = undefined(values, weights)
        return spearman(values, weights) if nothing is None else nothing
