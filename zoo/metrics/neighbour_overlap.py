"""How many of a row's nearest neighbours survive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._largest import places_of_largest
from zoo.metrics._vectors import comparable, evenly, is_finite, query_vectors

if TYPE_CHECKING:
    from zoo.types import Doubles, Floats, PositiveInt, Representation, Rows, Splits

_BLOCK = 256  # queries at a time: 256 x 20,000 cosines are 20 MB


class NeighbourOverlap:
    """Share of a row's k nearest neighbours among the raw rows that are still so among the codes.

    The neighbours are sought among the table's first rows (the commonest words, where a table is in order of
    frequency), the row itself excluded; the queries are the held-out rows among them.

    Args:
        k: neighbours to compare.
        among: rows to seek neighbours among.
        queries: held-out rows to ask for at most, the first ones.
        spread: ask for rows that are evenly spread over those, instead of the first ones.
        asked: `code` asks with the rows' codes, `query` with rows that are not quantised; see `QueryRetrieval`.
        distance: between raw rows and between codes alike: `cosine`, or `euclidean`.
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self,
        k: PositiveInt = 10,
        among: PositiveInt = 20_000,
        queries: PositiveInt = 5_000,
        asked: Literal["code", "query"] = "code",
        distance: Literal["euclidean", "cosine"] = "cosine",
        spread: bool = False,
    ) -> None:
        self.k, self.among, self.queries, self.asked, self.distance = k, among, queries, asked, distance
        self.spread = spread
        self._raw: tuple[Splits, list[list[int]]] | None = None

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] shares; NaN if codes are not finite.

        None for sparse rows, with no more than k rows to seek among, or no held-out one.
        """
        pool = min(self.among, len(splits))
        queries = self.row_numbers(splits)
        if not len(queries):
            return None  # cosines of all pairs of sparse rows are not worth their memory
        among = np.arange(pool)
        if self._raw is None or self._raw[0] is not splits:  # the same for every representation
            raw = np.asarray(splits.take(among)).reshape(pool, -1)
            self._raw = (splits, _neighbours(raw[queries], raw, queries, self.k, self.distance))
        codes = np.asarray(representation.encode(among)).reshape(pool, -1)
        if not is_finite(codes):
            return np.full(len(queries), np.nan)
        asking = codes[queries] if self.asked == "code" else np.asarray(query_vectors(representation, queries))
        before, after = self._raw[1], _neighbours(asking, codes, queries, self.k, self.distance)
        return np.asarray([len(set(a) & set(b)) / self.k for a, b in zip(before, after, strict=True)])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        pool = min(self.among, len(splits))
        queries = np.sort(splits.test[splits.test < pool])
        queries = evenly(queries, self.queries) if self.spread else queries[: self.queries]
        return queries[:0] if pool <= self.k or splits.is_sparse else queries

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean share."""
        return weights @ values / weights.sum(axis=1)


def _neighbours(asking: Floats | Doubles, vectors: Floats, queries: Rows, k: int, distance: str) -> list[list[int]]:
    """The k rows of vectors [rows, dimensions] nearest to what asks [queries, dimensions], itself left out."""
    asked, among = comparable(asking, vectors, distance)
    found: list[list[int]] = []
    for start in range(0, len(queries), _BLOCK):
        block = slice(start, start + _BLOCK)
        nearness = np.asarray(asked[block] @ among.T)
        nearness[np.arange(len(nearness)), queries[block]] = -np.inf
        found += places_of_largest(nearness, k).tolist()
    return found
