"""Which rows are resampled together, and which are copies."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Rows, Splits

_BLOCK = 4_096  # rows at a time


def row_digests(splits: Splits, rows: Rows) -> Rows:
    """A number [n] for each row, equal for rows whose features are exactly equal (64 bits of BLAKE2b)."""
    digests = [_digests(_comparable(splits, rows[start : start + _BLOCK])) for start in range(0, len(rows), _BLOCK)]
    return np.concatenate([*digests, np.empty(0, np.int64)])


def resampling_units(splits: Splits) -> Rows:
    """Number [rows] of the unit that each row of the table belongs to; rows that are not held out are by themselves.

    Rows of one group (records of one person) say much the same, and so do exact copies: an interval that took them for
    strangers would be too narrow. Rows are one unit if a chain of common groups and copies leads from one to the other.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    held_out = np.unique(splits.test)
    units = np.arange(len(splits))
    copies = np.unique(row_digests(splits, held_out), return_inverse=True)[1]
    groups = held_out if splits.groups is None else np.asarray(splits.groups)[held_out]
    groups = np.unique(groups, return_inverse=True)[1]
    # a graph with a node a set of copies and a node a group, and an edge a row
    nodes = copies.max(initial=-1) + 1 + groups.max(initial=-1) + 1
    edges = coo_array((np.ones(len(held_out)), (copies, copies.max(initial=-1) + 1 + groups)), shape=(nodes, nodes))
    _, components = connected_components(edges, directed=False)
    units[held_out] = len(splits) + components[copies]  # beyond the numbers of all others
    return units


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
