"""Rows whose texts share the most rare character n-grams: candidates that a short code may have missed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.ngrams import counted_ngrams

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.matching.arrays import Ints
    from zoo.matching.field_values import FieldValues

_MOST_CELLS = 400_000_000  # rows of one table times rows of the other
_PRODUCTS = 3_000_000_000  # of two n-grams: the most frequent are left out until there are no more
_AT_ONCE = 1 << 24  # cosines: 64 MiB


def similar_texts(texts: FieldValues, k: int) -> Iterator[Ints]:
    """Block by block of the first table's rows, the rows [n, k] whose texts are nearest to theirs; -1 for none.

    Character 2- and 3-grams are weighted by how rare they are (TF-IDF, cosine). Where there would be more than 3e9
    products of two of them, the most frequent are left out.

    Args:
        texts: one of each row.
        k: how many; of one table, a row does not find itself.
    """
    left, right = _weighted(texts)
    columns = right.T.tocsr()
    several = min(k, right.shape[0])
    size = max(_AT_ONCE // max(right.shape[0], 1), 1)
    for start in range(0, left.shape[0], size):
        cosines = (left[start : start + size] @ columns).toarray()
        if texts.is_single_table:
            own = np.arange(len(cosines))
            cosines[own, start + own] = 0
        found = np.argpartition(cosines, right.shape[0] - several, axis=1)[:, right.shape[0] - several :]
        yield np.where(np.take_along_axis(cosines, found, axis=1) > 0, found, -1)


def affordable(left: int, right: int) -> bool:
    """Whether tables of so many rows are small enough: all are compared, 4e8 pairs (20,000 against 20,000) at most."""
    return left * right <= _MOST_CELLS


def _weighted(texts: FieldValues) -> tuple[Any, Any]:
    """TF-IDF [rows, n-grams] of each table, rows of length 1, without n-grams that would cost too much."""
    from scipy.sparse import csr_array

    counts, _ = counted_ngrams(texts.texts)
    counts = csr_array(counts)
    sides = [_rows(counts, side) for side in (texts.left, texts.right)]
    seen = [np.bincount(side.indices, minlength=counts.shape[1]) for side in sides]
    rows = len(texts.left) + (0 if texts.is_single_table else len(texts.right))
    idf = np.log((1 + rows) / (1 + (seen[0] if texts.is_single_table else seen[0] + seen[1]))) + 1
    products = seen[0].astype(np.int64) * seen[1]
    order = np.argsort(products, kind="stable")
    kept = np.zeros(counts.shape[1], bool)
    kept[order[np.cumsum(products[order]) <= _PRODUCTS]] = True
    found = []
    for side in sides:
        side.data = side.data * idf.astype(np.float32)[side.indices]
        lengths = np.sqrt(np.add.reduceat(np.append(side.data, 0.0) ** 2, side.indptr[:-1]))
        lengths[np.diff(side.indptr) == 0] = 1
        side.data /= np.repeat(lengths, np.diff(side.indptr))
        found.append(side[:, kept])
    return found[0], found[1]


def _rows(counts: Any, values: Ints) -> Any:
    """The counts of each row's text; none where there is no text."""
    from scipy.sparse import csr_array, vstack

    empty = csr_array((1, counts.shape[1]), dtype=counts.dtype)
    return vstack([counts, empty], format="csr")[np.where(values < 0, counts.shape[0], values)]
