"""Codes of rows as one matrix, and cosines between them: what most metrics start from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import numpy as np
from scipy import sparse

from zoo.types import EncodesQueries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import Doubles, Floats, Representation, Rows

    Matrix: TypeAlias = Doubles | sparse.csr_array

_Vectors = TypeVar("_Vectors", bound="Floats | Doubles | sparse.csr_array[Any, Any]")
_COMPARED = 512  # queries at a time: 512 x 20,000 cosines are 82 MB
_AT_ONCE = 2**24  # cosines: 128 MiB
_DECIMALS = 10  # of a cosine: equal rows must tie, whatever the order that a matrix product sums in


def vectors(representation: Representation, rows: Rows) -> Matrix:
    """Codes [n, dimensions] of the given rows, in their order; sparse where the representation leaves them so."""
    codes = representation.encode(rows)
    return codes.reshape(len(codes), -1).astype(float) if isinstance(codes, np.ndarray) else codes.astype(float)


def query_vectors(representation: Representation, rows: Rows) -> Matrix:
    """What rows [n] are looked for by, [n, dimensions]: not quantised, where the representation can do without."""
    if not isinstance(representation, EncodesQueries):
        return vectors(representation, rows)
    queries = representation.encode_queries(rows)
    return queries.reshape(len(queries), -1).astype(float) if isinstance(queries, np.ndarray) else queries.astype(float)


def is_finite(matrix: Matrix) -> bool:
    """Whether every number is; a network that diverged has codes that no library takes."""
    return bool(np.isfinite(matrix if isinstance(matrix, np.ndarray) else matrix.data).all())


def evenly(rows: Rows, most: int) -> Rows:
    """At most so many rows, evenly spread over those given, first and last among them."""
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]


def unit(matrix: _Vectors) -> _Vectors:
    """The rows [n, dimensions] at length 1; a row of zeros stays as it is, with cosine 0 to all."""
    sizes = lengths(matrix)
    sizes = np.where(sizes > 0, sizes, 1)
    dense = isinstance(matrix, np.ndarray)
    found = matrix / sizes[:, None] if dense else sparse.csr_array(sparse.diags_array(1 / sizes) @ matrix)
    return cast("_Vectors", found)


def lengths(matrix: _Vectors) -> Any:
    """Lengths [n] of the rows [n, dimensions]."""
    if isinstance(matrix, np.ndarray):
        return np.linalg.norm(matrix, axis=1)
    return np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel())


def cosines(queries: Matrix, references: Matrix) -> Iterator[tuple[slice, Doubles]]:
    """Yields which queries, and their cosines [<= 512, n_references], of unit rows; rounded, so that ties are ties."""
    size = max(min(_COMPARED, _AT_ONCE // max(references.shape[0], 1)), 1)
    for start in range(0, queries.shape[0], size):
        block = slice(start, min(start + size, queries.shape[0]))
        yield block, np.round(products(queries[block], references), _DECIMALS)


def comparable(queries: Any, references: Any, distance: str) -> tuple[Any, Any]:
    """Rows whose inner products grow as the `cosine` of two rows does, or as their `euclidean` distance falls.

    For a query q, q.r - |r|^2 / 2 is half of |q|^2 - |q - r|^2: a column more in each says so.
    """
    if distance == "cosine":
        return unit(queries), unit(references)
    return _beside(queries, np.ones(queries.shape[0])), _beside(references, -(lengths(references) ** 2) / 2)


def _beside(matrix: Any, column: Any) -> Any:
    if isinstance(matrix, np.ndarray):
        return np.column_stack([matrix, column])
    return sparse.csr_array(sparse.hstack([matrix, sparse.csr_array(column[:, None])]))


def paired_cosines(codes: Matrix, first: Rows, second: Rows) -> Doubles:
    """Cosines [pairs] of codes [n, dimensions] of the given numbers [pairs]; rounded, so that ties are ties."""
    directions = unit(codes)
    left, right = directions[first], directions[second]
    product = left * right if isinstance(left, np.ndarray) else left.multiply(right)
    return np.round(np.asarray(product.sum(axis=1)).ravel(), _DECIMALS)


def nearest(similarities: Doubles, k: int) -> Rows:
    """Columns [n, k] of the k largest of each row [n, references]; of equal ones the first, in order of the column."""
    count = similarities.shape[1]
    least = np.partition(similarities, count - k, axis=1)[:, count - k : count - k + 1]
    chosen = similarities >= least
    more = np.flatnonzero(np.count_nonzero(chosen, axis=1) > k)  # few rows have ties at the edge
    if len(more):
        above, tied = similarities[more] > least[more], similarities[more] == least[more]
        wanted = k - above.sum(axis=1, keepdims=True)
        chosen[more] = above | (tied & (np.cumsum(tied, axis=1) <= wanted))
    return np.nonzero(chosen)[1].reshape(len(similarities), k)


def narrow(matrix: Matrix) -> Doubles:
    """Dense rows [n, <= n] with the same inner products as the given [n, dimensions], for rows wider than many.

    Lengths, distances, cosines and whatever else follows from inner products stay the same, to about 8 digits.
    """
    count, dimensions = matrix.shape
    if dimensions <= count:
        return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    values, directions = np.linalg.eigh(products(matrix, matrix))
    kept = values > values[-1] * count * np.finfo(np.float64).eps
    return directions[:, kept] * np.sqrt(values[kept])


def products(left: Matrix, right: Matrix) -> Doubles:
    """Inner products [n, m] of rows [n, dimensions] and [m, dimensions]."""
    product = left @ right.T
    return product if isinstance(product, np.ndarray) else product.toarray()
