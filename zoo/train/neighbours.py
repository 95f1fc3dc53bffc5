"""The graph of nearest neighbours that some terms of the loss draw from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Doubles, Rows, Splits


_EXACT = 4096  # rows up to which UMAP, too, compares all with all
_HALVINGS = 64
_NARROWEST = 1e-3  # of a row's mean distance: its kernel's width at least


@dataclass(frozen=True)
class Neighbours:
    """A weighted graph over some rows of a table.

    Attributes:
        heads: [edges] row numbers.
        tails: [edges] row numbers of their neighbours.
        weights: [edges] how likely each edge is to be drawn, from 0 to 1.
    """

    heads: Rows
    tails: Rows
    weights: Doubles

    @classmethod
    def among(cls, splits: Splits, rows: Rows, count: int, seed: int) -> Neighbours:
        """UMAP's graph over the given rows, by cosine: its fuzzy union, so that edges go both ways.

        Only these rows become heads or tails: given the training rows, no other row is ever seen.

        Args:
            splits: the table.
            rows: [n] row numbers.
            count: neighbours a row.
            seed: of the approximate search (nearest-neighbour descent, for more than 4,096 rows).

        Raises:
            InputError: fewer rows than neighbours.

        Reference:
            McInnes, Healy and Melville 2018, "UMAP", arXiv 1802.03426, section 3.1. umap-learn computes it
            for large tables; for small ones the compiling of it alone takes most of a minute in each process.
        """
        if len(rows) <= count:
            raise InputError(
                f"{len(rows)} training rows have no {count} neighbours each: give more rows, or fewer neighbours"
            )
        table = splits.kind.matrix(splits.take(rows))
        if len(rows) <= _EXACT:
            edges = _graph(table, count)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # numba's and umap's remarks about their own settings
                from umap.umap_ import fuzzy_simplicial_set

                edges = fuzzy_simplicial_set(table, count, np.random.RandomState(seed), "cosine")[0].tocoo()
        kept = edges.data > 0
        return cls(rows[edges.row[kept]], rows[edges.col[kept]], edges.data[kept].astype(np.float64))


def _graph(table: Any, count: int) -> Any:
    """UMAP's fuzzy union of all rows' nearest `count`, themselves among them, as a COO array [n, n]."""
    from scipy.sparse import coo_array
    from sklearn.metrics import pairwise_distances

    distances = pairwise_distances(table, metric="cosine")
    np.fill_diagonal(distances, -1.0)  # a row is its own first neighbour, also beside a copy of it
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :count]
    near = np.maximum(np.take_along_axis(distances, nearest, axis=1), 0.0)
    weights = _memberships(near)
    weights[:, 0] = 0.0
    heads = np.repeat(np.arange(len(near)), count)
    directed = coo_array((weights.ravel(), (heads, nearest.ravel())), shape=distances.shape).tocsr()
    back = directed.T.tocsr()
    return (directed + back - directed * back).tocoo()


def _memberships(near: Doubles) -> Doubles:
    """Distances [n, count], ascending -> exp(-(distance - nearest) / width), widths such that they sum to log2 count.

    McInnes, Healy and Melville 2018, algorithm 3; the nearest is the first that is not at distance 0.
    """
    first = np.min(np.where(near > 0, near, np.inf), axis=1)
    beyond = np.maximum(near - np.where(np.isfinite(first), first, 0.0)[:, None], 0.0)
    low, high, width = np.zeros(len(near)), np.full(len(near), np.inf), np.ones(len(near))
    for _ in range(_HALVINGS):
        total = np.exp(-beyond[:, 1:] / width[:, None]).sum(axis=1)
        too_wide = total > np.log2(near.shape[1])
        high, low = np.where(too_wide, width, high), np.where(too_wide, low, width)
        width = np.where(np.isfinite(high), (low + high) / 2, 2 * width)
    mean = np.where(np.isfinite(first), near.mean(axis=1), near.mean())
    width = np.maximum(width, _NARROWEST * mean)
    scaled = np.divide(beyond, width[:, None], out=np.zeros_like(beyond), where=width[:, None] > 0)
    return np.exp(-scaled)
