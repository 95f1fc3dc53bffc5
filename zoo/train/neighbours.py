"""The graph of nearest neighbours that some terms of the loss draw from."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Doubles, Rows, Splits


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
            seed: of the approximate search (nearest-neighbour descent, for more than some thousands of rows).

        Raises:
            InputError: fewer rows than neighbours.

        Reference:
            McInnes, Healy and Melville 2018, "UMAP", arXiv 1802.03426, section 3.1; umap-learn is what computes it.
        """
        if len(rows) <= count:
            raise InputError(
                f"{len(rows)} training rows have no {count} neighbours each: give more rows, or fewer neighbours"
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # numba's and umap's remarks about their own settings
            from umap.umap_ import fuzzy_simplicial_set

            block = splits.take(rows)
            table = block.reshape(len(rows), -1) if isinstance(block, np.ndarray) else block.tocsr()
            graph, *_ = fuzzy_simplicial_set(table, count, np.random.RandomState(seed), "cosine")
        edges = graph.tocoo()
        kept = edges.data > 0
        return cls(rows[edges.row[kept]], rows[edges.col[kept]], edges.data[kept].astype(np.float64))
