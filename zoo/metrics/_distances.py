"""Euclidean distances between rows, block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._vectors import products, unit, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Representation, Rows, Splits

_COMPARED = 512  # rows at a time
_DECIMALS = 10  # of a distance beside a mean one: equal rows must tie, whatever the order that a product sums in


def raw_vectors(splits: Splits, rows: Rows, distance: str) -> Matrix:
    """The rows themselves [n, width], on the judge's scale, ready for distances of the given kind."""
    matrix = splits.kind.matrix(splits.take(rows)).astype(np.float64)
    return unit(matrix) if distance == "cosine" else matrix


def code_vectors(representation: Representation, rows: Rows, distance: str) -> Matrix:
    """The codes of rows [n, dimensions], ready for distances of the given kind."""
    codes = vectors(representation, rows)
    return unit(codes) if distance == "cosine" else codes


def squared_distances(matrix: Matrix) -> Iterator[Doubles]:
    """Yields [<= 512, n]: squared distances of the next rows to all of [n, dimensions]; infinite to themselves.

    In units of the mean squared length, rounded, so that ties are ties; of rows at length 1, they are in the order of
    1 - cosine.
    """
    if isinstance(matrix, np.ndarray):
        matrix = matrix - matrix.mean(axis=0)  # lest differences lose digits
        lengths = (matrix**2).sum(axis=1)
    else:
        lengths = np.asarray(matrix.multiply(matrix).sum(axis=1)).ravel()
    scale = lengths.mean() or 1.0
    matrix, lengths = matrix / np.sqrt(scale), lengths / scale
    for start in range(0, len(lengths), _COMPARED):
        block = np.arange(start, min(start + _COMPARED, len(lengths)))
        squares = np.round(lengths[block, None] + lengths - 2 * products(matrix[block], matrix), _DECIMALS)
        squares[np.arange(len(block)), block] = np.inf
        yield np.maximum(squares, 0)


def distances_of_pairs(matrix: Matrix, first: Rows, second: Rows) -> Doubles:
    """Distances [pairs] of pairs of rows, in units of their mean, rounded so that ties are ties."""
    differences = matrix[first] - matrix[second]
    if isinstance(differences, np.ndarray):
        found = np.linalg.norm(differences, axis=1)
    else:
        found = np.sqrt(np.asarray(differences.multiply(differences).sum(axis=1)).ravel())
    return np.round(found / (found.mean() or 1.0), _DECIMALS)
