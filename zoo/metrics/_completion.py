"""What is missing from sparse rows, suggested by rows with like codes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from zoo.metrics._vectors import cosines, is_finite, nearest, unit, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Representation, Rows, Splits


def items(splits: Splits, rows: Rows) -> sparse.csr_array:
    """Copies of rows [n, columns] with nothing in them but the items they hold."""
    baskets = sparse.csr_array(splits.take(rows), copy=True)
    baskets.sum_duplicates()
    baskets.eliminate_zeros()
    return baskets


def completed(
    representation: Representation,
    splits: Splits,
    known: Rows,
    rest: sparse.csr_array,
    missing: Rows,
    kinds: Any,
    k: int,
    at: int,
) -> Doubles:
    """Whether near rows suggest what is missing, 1 or 0 [queries]; NaN if codes are not finite.

    Args:
        representation: encodes the rows.
        splits: the table.
        known: [n] numbers of the rows that vote.
        rest: [queries, columns] the rows without what was taken out.
        missing: [queries] the columns taken out.
        kinds: [columns] only columns of the kind of the missing one are suggested for it.
        k: rows that vote for each.
        at: suggestions made for each.
    """
    altered = representation.on(replace(splits, features=rest, raw=None))
    asked, neighbours = vectors(altered, np.arange(len(missing))), vectors(representation, known)
    if not (is_finite(asked) and is_finite(neighbours)):
        return np.full(len(missing), np.nan)
    held = items(splits, known)
    held.data[:] = 1
    hits = np.empty(len(missing))
    for block, votes in _votes(asked, neighbours, rest, held, k):
        hits[block] = _hits(votes, rest[block], missing[block], kinds, at)
    return hits


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


def _hits(votes: sparse.csr_array, baskets: sparse.csr_array, missing: Rows, kinds: Any, at: int) -> Doubles:
    hits = np.zeros(len(missing))
    for row, item in enumerate(missing):
        offered = votes.indices[votes.indptr[row] : votes.indptr[row + 1]]
        counts = np.round(votes.data[votes.indptr[row] : votes.indptr[row + 1]], 8)  # equal sums must tie
        new = (counts > 0) & ~np.isin(offered, baskets.indices[baskets.indptr[row] : baskets.indptr[row + 1]])
        new &= kinds[offered] == kinds[item]
        own = counts[new & (offered == item)]
        if len(own):
            before = (counts > own[0]) | ((counts == own[0]) & (offered < item))
            hits[row] = (new & before).sum() < at
    return hits
