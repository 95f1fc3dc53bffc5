"""k-means on codes, as several metrics look at the same clusters."""

from __future__ import annotations

import hashlib
import warnings
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._vectors import is_finite, narrow, vectors

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Representation, Rows, Splits

_STARTS = 10  # k-means starts of a seed, the best of which counts
_KEPT = 64
_known: dict[str, Doubles] = {}  # clusters by what they were found in: a table of metrics asks for them again and again


def clustered_codes(
    representation: Representation, splits: Splits, clusters: int | None, seeds: int, rows: int
) -> Doubles | None:
    """[rows, dimensions + seeds] codes and their cluster by seed, of the first held-out rows.

    The rows are those with a label where the table has labels. Codes are used as they are, neither centred nor
    scaled; those with more dimensions than rows are turned into as many dimensions as there are rows, which keeps
    all distances. NaN if they are not finite; None if it is not known how many clusters there are, or there are not
    at least two and more rows than clusters.
    """
    found = held_out_clusters(representation, splits, clusters, seeds, rows)
    if found is None:
        return None
    _, codes, numbers = found
    if not is_finite(codes):
        return np.full((codes.shape[0], 1 + seeds), np.nan)
    return np.column_stack([narrow(codes), numbers])


def held_out_clusters(
    representation: Representation, splits: Splits, clusters: int | None, seeds: int, rows: int
) -> tuple[Rows, Matrix, Doubles] | None:
    """Row numbers [n], codes [n, dimensions] and clusters by seed [n, seeds]; None as `clustered_codes`."""
    taken, clusters = clustered_rows(splits, clusters, rows)
    if not len(taken):
        return None
    codes = vectors(representation, taken)
    return taken, codes, _clusters(codes, clusters, seeds)


def clustered_rows(splits: Splits, clusters: int | None, rows: int) -> tuple[Rows, int]:
    """Numbers of the rows to cluster, and how many clusters; no rows where `held_out_clusters` gives None."""
    classes = class_numbers(splits)
    taken = splits.test[:rows] if classes is None else labelled(splits.test, classes, rows)
    count = clusters or (0 if classes is None else len(np.unique(classes[taken])))
    return (taken, count) if 2 <= count < len(taken) else (taken[:0], count)


def _clusters(codes: Matrix, clusters: int, seeds: int) -> Doubles:
    """Cluster of each row by seed: [n, seeds] from [n, dimensions]; NaN if the codes are not finite."""
    if not is_finite(codes):
        return np.full((codes.shape[0], seeds), np.nan)
    key = _fingerprint(codes, clusters, seeds)
    if key not in _known:
        while len(_known) >= _KEPT:
            del _known[next(iter(_known))]
        _known[key] = np.column_stack([_k_means(codes, clusters, seed) for seed in range(seeds)])
    return _known[key]


def _k_means(codes: Matrix, clusters: int, seed: int) -> Rows:
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    narrow_type = codes.astype(np.float32)  # what codes come as; half the time of float64
    # one thread: the work is done in pieces so small that threads wait for each other
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # fewer distinct codes than clusters: some stay empty
        return np.asarray(KMeans(clusters, n_init=_STARTS, random_state=seed).fit_predict(narrow_type), np.int64)


def _fingerprint(codes: Matrix, clusters: int, seeds: int) -> str:
    digest = hashlib.blake2b(repr((codes.shape, clusters, seeds)).encode())
    parts = (codes,) if isinstance(codes, np.ndarray) else (codes.data, codes.indices, codes.indptr)
    for part in parts:
        digest.update(np.ascontiguousarray(part).view(np.uint8).data)
    return digest.hexdigest()
