"""Clusters of codes, as several metrics look at the same ones."""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._mixture import MOST, mixture_clusters
from zoo.metrics._vectors import is_finite, narrow, vectors

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Representation, Rows, Splits

_STARTS = 10  # k-means starts of a seed, the best of which counts
_KEPT = 64
_known: dict[str, Doubles] = {}  # clusters by what they were found in: a table of metrics asks for them again and again


@dataclass(frozen=True)
class Clustering:
    """How the first held-out rows (with a label, where the table has labels) are put into clusters by their codes.

    Codes are used as they are, neither centred nor scaled.

    Attributes:
        clusterer: `kmeans`, by Euclidean distance; or `gaussian_mixture`, see `zoo.metrics._mixture`.
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets the mixture choose.
        seeds: how often, of the seeds from 0.
        rows: to cluster at most.

    Raises:
        InputError: another clusterer, or k-means asked to choose.
    """

    clusterer: str
    clusters: int | Literal["bic"] | None
    seeds: int
    rows: int

    def __post_init__(self) -> None:
        if self.clusterer not in _CLUSTERERS:
            raise InputError(f"there is no clusterer {self.clusterer!r}; {suggestion(self.clusterer, _CLUSTERERS)}")
        if self.clusters == "bic" and self.clusterer != "gaussian_mixture":
            raise InputError(
                f"clusters=bic: {self.clusterer} cannot choose how many clusters there are, having no likelihood; give "
                f"a number, or clusterer=gaussian_mixture"
            )

    def codes(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions + seeds] codes and their cluster by seed; None as `of`.

        Codes with more dimensions than rows are turned into as many dimensions as there are rows, which keeps all
        distances. NaN if they are not finite.
        """
        found = self.of(representation, splits)
        if found is None:
            return None
        _, codes, numbers = found
        if not is_finite(codes):
            return np.full((codes.shape[0], 1 + self.seeds), np.nan)
        return np.column_stack([narrow(codes), numbers])

    def of(self, representation: Representation, splits: Splits) -> tuple[Rows, Matrix, Doubles] | None:
        """Row numbers [n], codes [n, dimensions] and clusters by seed [n, seeds], NaN if codes are not finite.

        None if it is not known how many clusters there are, or there are not at least two and more rows than clusters.
        """
        taken, clusters = self._taken(splits)
        if not len(taken):
            return None
        codes = vectors(representation, taken)
        return taken, codes, self._numbers(codes, clusters)

    def row_numbers(self, splits: Splits) -> Rows:
        """Numbers of the rows to cluster; none where `of` gives None."""
        return self._taken(splits)[0]

    def shortage(self, splits: Splits) -> str:
        """Why there are no rows to cluster; "" if there are some."""
        taken, count = self._candidates(splits)
        if count is None:
            return "" if len(taken) >= 2 * MOST else f"clusters=bic needs {2 * MOST} held-out rows, not {len(taken)}"
        if count == 0:
            return "how many clusters there are is not known, for want of labels; give clusters=NUMBER"
        if count == 1:
            return "the held-out rows are to be a single cluster, which every code gives"
        return "" if count < len(taken) else f"{count} clusters need more held-out rows than {len(taken)}"

    def _taken(self, splits: Splits) -> tuple[Rows, int | None]:
        taken, count = self._candidates(splits)
        return (taken[:0] if self.shortage(splits) else taken), count

    def _candidates(self, splits: Splits) -> tuple[Rows, int | None]:
        """Row numbers [n], and how many clusters: None for as many as the mixture chooses, 0 if nobody knows."""
        classes = class_numbers(splits)
        taken = splits.test[: self.rows] if classes is None else labelled(splits.test, classes, self.rows)
        if self.clusters == "bic":
            return taken, None
        return taken, self.clusters or (0 if classes is None else len(np.unique(classes[taken])))

    def _numbers(self, codes: Matrix, clusters: int | None) -> Doubles:
        """Cluster of each row by seed: [n, seeds] from [n, dimensions]."""
        if not is_finite(codes):
            return np.full((codes.shape[0], self.seeds), np.nan)
        key = _fingerprint(codes, self.clusterer, clusters, self.seeds)
        if key not in _known:
            while len(_known) >= _KEPT:
                del _known[next(iter(_known))]
            find = _CLUSTERERS[self.clusterer]
            _known[key] = np.column_stack([find(codes, clusters, seed) for seed in range(self.seeds)])
        return _known[key]


def _k_means(codes: Matrix, clusters: int | None, seed: int) -> Rows:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    narrow_type = codes.astype(np.float32)  # what codes come as; half the time of float64
    # one thread: the work is done in pieces so small that threads wait for each other
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct codes than clusters: some stay empty
        return np.asarray(KMeans(clusters, n_init=_STARTS, random_state=seed).fit_predict(narrow_type), np.int64)


_CLUSTERERS = {"kmeans": _k_means, "gaussian_mixture": mixture_clusters}


def _fingerprint(codes: Matrix, *how: object) -> str:
    digest = hashlib.blake2b(repr((codes.shape, how)).encode())
    parts = (codes,) if isinstance(codes, np.ndarray) else (codes.data, codes.indices, codes.indptr)
    for part in parts:
        digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()
