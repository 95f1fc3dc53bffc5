"""Whether baskets with like codes name the item that is missing from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from zoo.metrics._vectors import cosines, encoded, is_finite, nearest, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, NonNegativeInt, PositiveInt, Representation, Rows, Splits

_ENCODED = 2_048  # baskets encoded at a time


class BasketCompletion:
    """Share of held-out baskets whose missing item is among the first ones that similar baskets suggest.

    One item is taken out of each basket of at least two and the rest is encoded. The nearest training baskets vote,
    each with its cosine, for the items they hold; items already in the basket are not suggested, and training baskets
    that hold nothing else do not vote. Of items with equal votes the one in the earlier column comes first, and an
    item without votes is not suggested. Codes that are all the same give about what the commonest items give.

    Args:
        k: training baskets that vote.
        at: suggestions made.
        queries: held-out baskets to ask for at most, the first ones of at least two items.
        references: training baskets to seek neighbours among, the first ones.
        seed: of the choice of the items taken out.

    Reference:
        User-based collaborative filtering (Resnick et al. 1994), judged by leave-one-out hit rate.
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self,
        k: PositiveInt = 50,
        at: PositiveInt = 10,
        queries: PositiveInt = 2_000,
        references: PositiveInt = 10_000,
        seed: NonNegativeInt = 0,
    ) -> None:
        self.k, self.at, self.queries, self.references, self.seed = k, at, queries, references, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None unless the table is of baskets, some held out, and at least k to seek among."""
        known = splits.train[: self.references]
        fields = 1 if splits.categories is None else len(splits.categories)
        if not splits.is_sparse or fields > 1 or len(known) < self.k:
            return None
        rest, missing = _taken_out(_items(splits, splits.test), self.queries, self.seed)
        if not len(missing):
            return None
        blocks = (rest[start : start + _ENCODED] for start in range(0, len(missing), _ENCODED))
        asked, neighbours = encoded(representation, blocks), vectors(representation, splits, known)
        if not (is_finite(asked) and is_finite(neighbours)):
            return np.full(len(missing), np.nan)
        held = _items(splits, known)
        held.data[:] = 1
        hits = np.empty(len(missing))
        for block, votes in _votes(asked, neighbours, rest, held, self.k):
            hits[block] = _hits(votes, rest[block], missing[block], self.at)
        return hits

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)


def _items(splits: Splits, rows: Rows) -> sparse.csr_array:
    """Copies of baskets [n, items] with nothing in them but the items they hold."""
    baskets = sparse.csr_array(splits.take(rows), copy=True)
    baskets.sum_duplicates()
    baskets.eliminate_zeros()
    return baskets


def _taken_out(baskets: sparse.csr_array, most: int, seed: int) -> tuple[sparse.csr_array, Rows]:
    """The first baskets of at least two items without one of them, and the columns [n] of the items taken out."""
    baskets = baskets[np.flatnonzero(np.diff(baskets.indptr) >= 2)[:most]]
    random = np.random.default_rng(seed)
    places = baskets.indptr[:-1] + random.integers(np.diff(baskets.indptr)) if baskets.shape[0] else baskets.indptr[1:]
    missing = baskets.indices[places].astype(np.int64)
    baskets.data[places] = 0
    baskets.eliminate_zeros()
    return baskets, missing


def _votes(
    asked: Matrix, neighbours: Matrix, rest: sparse.csr_array, held: sparse.csr_array, k: int
) -> Iterator[tuple[slice, sparse.csr_array]]:
    """Yields which baskets, and the votes [baskets, items] that their neighbours give; sparse, as items may be many."""
    sizes = np.diff(held.indptr)
    for block, similarities in cosines(unit(asked), unit(neighbours)):
        # the nearest baskets of a small one are often the same again, and would leave nobody to suggest anything
        similarities[((rest[block] > 0) @ held.T).toarray() >= sizes] = -np.inf
        chosen = nearest(similarities, k)
        weights = np.maximum(np.take_along_axis(similarities, chosen, axis=1), 0).ravel()
        starts = np.arange(0, len(weights) + 1, k)
        voters = sparse.csr_array((weights, chosen.ravel(), starts), shape=similarities.shape)
        yield block, sparse.csr_array(voters @ held)


def _hits(votes: sparse.csr_array, baskets: sparse.csr_array, missing: Rows, at: int) -> Doubles:
    hits = np.zeros(len(missing))
    for row, item in enumerate(missing):
        items = votes.indices[votes.indptr[row] : votes.indptr[row + 1]]
        counts = np.round(votes.data[votes.indptr[row] : votes.indptr[row + 1]], 8)  # equal sums must tie
        new = (counts > 0) & ~np.isin(items, baskets.indices[baskets.indptr[row] : baskets.indptr[row + 1]])
        own = counts[new & (items == item)]
        if len(own):
            before = (counts > own[0]) | ((counts == own[0]) & (items < item))
            hits[row] = (new & before).sum() < at
    return hits
