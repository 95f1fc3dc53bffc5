"""Maps of rows: points of codes and of raw rows, the ten neighbours of each row, and the table for other viewers."""

from __future__ import annotations

import importlib.util
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.metrics._vectors import unit

if TYPE_CHECKING:
    from zoo.page.material import Material
    from zoo.types import Doubles, Rows

NEIGHBOURS = 10
PERPLEXITY = 20
_COMPONENTS = 50  # that wider rows are reduced to before they are mapped
_DEEP_ROWS = 10_000  # on a map in 3-D
_FEWEST = 5
_ITERATIONS = 500
NAMES = {"tsne": f"t-SNE, perplexity {PERPLEXITY}", "umap": "UMAP", "pca": "PCA"}


@dataclass(frozen=True)
class Mapped:
    """Where the shown rows lie.

    Attributes:
        codes: [n, 2] points of the codes.
        raw: [n, 2] points of the rows themselves.
        deep: [n, 3] the first principal components of the codes; None for too many rows.
        neighbours: [n, k] places, among the shown rows, of those with the most similar codes.
        distances: [n, k] 1 - cosine to them.
        kept: [n] share of them that are among the k most similar raw rows as well.
    """

    codes: Doubles
    raw: Doubles
    deep: Doubles | None
    neighbours: Rows
    distances: Doubles
    kept: Doubles


def mapped(material: Material) -> Mapped | str:
    """Maps the shown rows, or says why they cannot be mapped."""
    codes = np.asarray(material.codes, np.float64)
    if not np.isfinite(codes).all():
        return "codes are not finite numbers"
    if len(np.unique(codes, axis=0)) < _FEWEST:
        return f"there are fewer than {_FEWEST} different codes among {len(codes):,} rows"
    how, seed = material.settings.map, material.settings.seed
    similar: Any = unit(codes)
    raw: Any = unit(_reduced(unit(material.raw.astype(np.float64)), seed))
    neighbours, distances = _neighbours(similar)
    kept = _share_kept(neighbours, _neighbours(raw)[0])
    deep = _principal(similar, 3) if len(codes) <= _DEEP_ROWS else None
    with ThreadPoolExecutor(2 if how == "tsne" else 1) as threads:  # what umap-learn runs on bears no second thread
        of_codes, of_raw = threads.map(lambda rows: _points(rows, how, seed), (similar, raw))
    return Mapped(of_codes, of_raw, deep, neighbours, distances, kept)


def table(material: Material, where: Mapped) -> Any:
    """A `pyarrow.Table` that Embedding Atlas opens: x, y, neighbours {ids, distances}, key, label.

    embedding-atlas map.parquet --x x --y y --neighbors neighbours --text key
    """
    import pyarrow as pa

    width = where.neighbours.shape[1]
    ends = pa.array(np.arange(len(where.codes) + 1) * width, pa.int32())
    ids = pa.ListArray.from_arrays(ends, pa.array(where.neighbours.ravel(), pa.int64()))
    distances = pa.ListArray.from_arrays(ends, pa.array(where.distances.ravel(), pa.float64()))
    columns = {
        "x": pa.array(where.codes[:, 0], pa.float64()),
        "y": pa.array(where.codes[:, 1], pa.float64()),
        "neighbours": pa.StructArray.from_arrays([ids, distances], ["ids", "distances"]),
        "key": _texts(material.names(material.rows)),
        "label": _texts([name or None for name in material.classes_of(material.rows)]),
    }
    return pa.table(columns)


def _texts(values: list[Any]) -> Any:
    import pyarrow as pa

    clean = [None if value is None else value.encode("utf-8", "backslashreplace").decode() for value in values]
    return pa.array(clean, pa.string())


def _points(rows: Doubles, how: str, seed: int) -> Doubles:
    """Rows [n, dimensions] of length 1, so that distances order as cosines do -> points [n, 2]."""
    if how == "pca" or len(rows) < 2 * NEIGHBOURS or rows.shape[1] < 3:
        return _principal(rows, 2)
    if how == "umap":
        return _by_umap(rows, seed)
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    perplexity = min(PERPLEXITY, (len(rows) - 1) / 3)
    start = _principal(rows, 2)
    start = 1e-4 * start / max(float(start[:, 0].std()), 1e-12)
    tsne = TSNE(perplexity=perplexity, init=start, max_iter=_ITERATIONS, random_state=seed)
    # its threads wait busily for each other: beside other work that took ten times as long
    with threadpool_limits(1, "openmp"):  # of this thread, whatever others do
        return np.asarray(tsne.fit_transform(rows.astype(np.float32)), np.float64)


def _by_umap(rows: Doubles, seed: int) -> Doubles:
    if importlib.util.find_spec("umap") is None:
        raise InputError("page.map=umap needs umap-learn: pip install 'encoder-zoo[umap]'; or take page.map=tsne")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        return np.asarray(UMAP(random_state=seed).fit_transform(rows), np.float64)


def _principal(rows: Doubles, dimensions: int) -> Doubles:
    """[n, dimensions] the first principal components; zeros where there are fewer."""
    centred = rows - rows.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    found = centred @ directions[:, ::-1][:, :dimensions]
    return np.pad(found, ((0, 0), (0, dimensions - found.shape[1])))


def _reduced(rows: Any, seed: int) -> Doubles:
    """[n, <= 50] rows, dense or CSR, by their leading directions."""
    if rows.shape[1] <= _COMPONENTS:
        return rows if isinstance(rows, np.ndarray) else rows.toarray()
    from sklearn.decomposition import TruncatedSVD

    most = min(_COMPONENTS, rows.shape[0] - 1, rows.shape[1] - 1)
    found: Doubles = TruncatedSVD(most, n_iter=2, random_state=seed).fit_transform(rows)
    return found


def _neighbours(rows: Doubles) -> tuple[Rows, Doubles]:
    """Places [n, k] and 1 - cosine [n, k] of the most similar other rows of length 1; k is 10, or all there are."""
    from sklearn.neighbors import NearestNeighbors
    from threadpoolctl import threadpool_limits

    count = len(rows)
    k = min(NEIGHBOURS, count - 1)
    search = NearestNeighbors(n_neighbors=k + 1, algorithm="brute", metric="sqeuclidean")
    with threadpool_limits(1):
        squares, places = search.fit(rows).kneighbors(rows)
    others = places != np.arange(count)[:, None]
    others[others.all(axis=1), -1] = False  # of more than k copies of a row, itself may not be among the nearest
    return places[others].reshape(count, k), squares[others].reshape(count, k) / 2


def _share_kept(one: Rows, other: Rows) -> Doubles:
    """[n] of numbers [n, k], how many are in both."""
    return np.mean([(one == other[:, [column]]).any(axis=1) for column in range(other.shape[1])], axis=0)
