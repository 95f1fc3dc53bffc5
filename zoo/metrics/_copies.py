"""Rows that are exactly equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Rows, Splits


def copies(splits: Splits, rows: Rows) -> Rows:
    """A number [n] for each of the given rows, the same for rows whose features are equal."""
    matrix = splits.kind.matrix(splits.take(rows))
    if isinstance(matrix, np.ndarray):
        contents = [row.tobytes() for row in np.ascontiguousarray(matrix + 0)]  # -0.0 + 0 is 0.0
    else:
        matrix = matrix.copy()
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        ends = zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True)
        contents = [matrix.indices[a:b].tobytes() + b"|" + matrix.data[a:b].tobytes() for a, b in ends]
    numbers: dict[bytes, int] = {}
    return np.asarray([numbers.setdefault(each, len(numbers)) for each in contents], np.int64)
