"""Rows that are exactly equal."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Rows, Splits

_BLOCK = 4_096  # rows at a time


def copies(splits: Splits, rows: Rows) -> Rows:
    """A number [n] from 0 for each of the given rows, the same for rows whose features are exactly equal."""
    numbers: Rows = np.unique(row_digests(splits, rows), return_inverse=True)[1]
    return numbers


def row_digests(splits: Splits, rows: Rows) -> Rows:
    """A number [n] for each row, equal for rows whose features are exactly equal (64 bits of BLAKE2b)."""
    digests = [_digests(_comparable(splits, rows[start : start + _BLOCK])) for start in range(0, len(rows), _BLOCK)]
    return np.concatenate([*digests, np.empty(0, np.int64)])


def _comparable(splits: Splits, rows: Rows) -> Any:
    """Features [n, ...] in which equal rows have equal bytes."""
    features: Any = splits.features
    if splits.is_sparse:
        block = features[rows].copy()
        block.sum_duplicates()
        block.eliminate_zeros()
        return block
    block = np.ascontiguousarray(features[rows])
    return block + 0 if block.dtype.kind == "f" else block  # -0.0 is 0.0


def _digests(block: Any) -> Rows:
    if isinstance(block, np.ndarray):
        parts = (row.tobytes() for row in block.reshape(len(block), -1))
    else:
        pairs = zip(block.indptr[:-1], block.indptr[1:], strict=True)
        parts = (block.indices[a:b].astype(np.int64).tobytes() + block.data[a:b].tobytes() for a, b in pairs)
    return np.asarray(
        [int.from_bytes(hashlib.blake2b(part, digest_size=8).digest(), "little", signed=True) for part in parts],
        np.int64,
    )
