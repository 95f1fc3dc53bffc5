"""UMAP, which takes new rows too."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion

if TYPE_CHECKING:
    from zoo.types import Floats, Fraction, PositiveInt, Representation, Rows, Seed, Splits, Trained

_FAMILIAR = frozenset({"cosine", "euclidean"})  # which need not be looked up: umap-learn takes seconds to import
_LEAST = 2  # neighbours, umap-learn's own bound


@dataclass(frozen=True)
class _Embedded:
    """A table's rows by where UMAP puts them: those that it was fitted to where they lie, others by its `transform`.

    Where a row is put depends on which are asked for together, and takes long. Test and validation rows are put
    together and once, whoever asks for some of them.
    """

    name: str
    splits: Splits
    known: Rows
    fitted: Any

    def encode(self, rows: Rows) -> Floats:
        codes = np.empty((len(rows), self.fitted.embedding_.shape[1]), np.float32)
        left = _filled(codes, rows, np.ones(len(rows), bool), self.known, self.fitted.embedding_)
        if np.isin(rows[left], self._judging).any():
            left = _filled(codes, rows, left, self._judging, self._judged)
        if left.any():
            codes[left] = self._placed(rows[left])
        return codes

    @property
    def _judging(self) -> Rows:
        """[n] test and validation rows that are not known."""
        return np.setdiff1d(np.union1d(self.splits.test, self.splits.validation), self.known)

    @cached_property
    def _judged(self) -> Floats:
        """[n, dimensions] where they are put."""
        return self._placed(self._judging)

    def _placed(self, rows: Rows) -> Floats:
        placed: Floats = self.fitted.transform(_matrix(self.splits, rows))
        return placed

    def on(self, splits: Splits) -> _Embedded:
        return replace(self, splits=splits, known=self.known[:0])  # rows of another table are none of those known


def _matrix(splits: Splits, rows: Rows) -> Any:
    """The rows [n, width] in a form that umap-learn knows, which SciPy's sparse arrays are not."""
    from scipy.sparse import csr_matrix

    matrix = splits.kind.matrix(splits.take(rows))
    return matrix if isinstance(matrix, np.ndarray) else csr_matrix(matrix)


def _filled(codes: Floats, rows: Rows, wanted: Any, known: Rows, theirs: Floats) -> Any:
    """Fills in the codes [n, dimensions] of wanted rows [n] that are among the known, and says which are still wanted.

    Args:
        codes: to fill in.
        rows: whose codes they are.
        wanted: [n] whether to.
        known: [m] row numbers in order.
        theirs: [m, dimensions] their codes.
    """
    places = np.searchsorted(known, rows)
    there = wanted & (places < len(known))
    there[there] = known[places[there]] == rows[there]
    codes[there] = theirs[places[there]]
    return wanted & ~there


class Umap:
    """UMAP of the training rows (umap-learn), to as many dimensions as the encoder's code has.

    Clusters come out compact, whatever they are worth: indices of compactness favour it more than labels do. New rows
    are put where they fit by its `transform`: test and validation rows together, and once.

    Args:
        neighbours: umap-learn's `n_neighbors`.
        min_dist: umap-learn's, how near to each other rows may be put.
        metric: umap-learn's name of a distance, of the rows.
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
                f"baselines.{name}: umap-learn is not installed: pip install 'encoder-zoo[umap]'; or leave it out with "
                f"~baselines.{name}, and out of the gates"
            )
        self._require_metric(name, splits)
        count = min(self.rows, len(splits.train))
        if self.neighbours < _LEAST or count <= _LEAST:
            raise InputError(
                f"baselines.{name}: UMAP needs at least {_LEAST} neighbours and more training rows than that, not "
                f"neighbours={self.neighbours} and {count}; set baselines.{name}.neighbours=15 or leave it out"
            )
        if count <= self.neighbours:
            raise InputError(
                f"baselines.{name}: UMAP with neighbours={self.neighbours} needs more than so many training rows, and "
                f"there are {count}; set baselines.{name}.neighbours={count - 1} or leave it out"
            )

    def _require_metric(self, name: str, splits: Splits) -> None:
        if self.metric in _FAMILIAR:
            return
        import pynndescent as neighbours  # type: ignore[import-untyped]
        import umap

        rooms = (umap.distances.named_distances, neighbours.distances.named_distances)
        if splits.is_sparse:
            rooms = (umap.sparse.sparse_named_distances, neighbours.sparse.sparse_named_distances)
        known = {each for room in rooms for each in room}
        if self.metric not in known:
            rows = "sparse rows" if splits.is_sparse else "such rows"
            raise InputError(
                f"baselines.{name}.metric={self.metric}: UMAP knows no such distance of {rows}; "
                f"{suggestion(self.metric, known)}"
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
            fitted.fit(_matrix(splits, known))
        return _Embedded(name, splits, known, fitted)
