"""UMAP, which takes new rows too."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Floats, Fraction, PositiveInt, Representation, Rows, Seed, Splits, Trained


@dataclass(frozen=True)
class _Embedded:
    """A table's rows by where UMAP puts them: those that it was fitted to where they lie, others by its `transform`."""

    name: str
    splits: Splits
    known: Rows
    fitted: Any

    def encode(self, rows: Rows) -> Floats:
        places = np.searchsorted(self.known, rows)
        there = places < len(self.known)
        there[there] = self.known[places[there]] == rows[there]
        codes = np.empty((len(rows), self.fitted.embedding_.shape[1]), np.float32)
        codes[there] = self.fitted.embedding_[places[there]]
        if not there.all():
            codes[~there] = self.fitted.transform(self.splits.kind.matrix(self.splits.take(rows[~there])))
        return codes

    def on(self, splits: Splits) -> _Embedded:
        return replace(self, splits=splits, known=self.known[:0])  # rows of another table are none of those known


class Umap:
    """UMAP of the training rows (umap-learn), to as many dimensions as the encoder's code has.

    Clusters come out compact, whatever they are worth: indices of compactness favour it more than labels do. New rows
    are put where they fit by its `transform`; where depends a little on which are asked for together.

    Args:
        neighbours: umap-learn's `n_neighbors`.
        min_dist: umap-learn's, how near to each other rows may be put.
        metric: umap-learn's, of the rows.
        dimensions: instead of as many as the code has.
        rows: training rows to fit to at most, evenly spaced; umap-learn takes some 10 s for 5,000.
        seed: umap-learn's `random_state`; it then works on one processor.

    Reference:
        McInnes, Healy and Melville 2018, "UMAP", arXiv 1802.03426.
    """

    def __init__(
        self,
        neighbours: PositiveInt = 15,
        min_dist: Fraction = 0.1,
        metric: str = "cosine",
        dimensions: PositiveInt | None = None,
        rows: PositiveInt = 10_000,
        seed: Seed = 0,
    ) -> None:
        self.neighbours, self.min_dist, self.metric = neighbours, min_dist, metric
        self.dimensions, self.rows, self.seed = dimensions, rows, seed

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: umap-learn, and more rows than neighbours."""
        import importlib.util

        if importlib.util.find_spec("umap") is None:
            raise InputError(
                f"baselines.{name}: umap-learn is not installed: pip install umap-learn; or leave it out with "
                f"~baselines.{name}, and out of the gates"
            )
        count = min(self.rows, len(splits.train))
        if count <= self.neighbours:
            raise InputError(
                f"baselines.{name}: UMAP with neighbours={self.neighbours} needs more than so many training rows, and "
                f"there are {count}; set baselines.{name}.neighbours={max(count - 1, 1)} or leave it out"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        self.require(name, splits)
        import umap

        count = min(self.rows, len(splits.train))
        known = np.unique(splits.train)[np.linspace(0, len(splits.train) - 1, count).astype(np.int64)]
        kept = self.dimensions or trained.model.latent_dim
        fitted = umap.UMAP(
            n_neighbors=self.neighbours,
            min_dist=self.min_dist,
            metric=self.metric,
            n_components=kept,
            random_state=self.seed,
            n_jobs=1,
            init="spectral" if kept < count - 1 else "random",
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on how it goes about it; what it comes to is judged
            fitted.fit(splits.kind.matrix(splits.take(known)))
        return _Embedded(name, splits, known, fitted)
