"""What must agree with umap-learn, in one file: every process that imports it compiles it for half a minute."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from zoo.quiet import import_tensorflow
from zoo.train.neighbours import _graph

import_tensorflow()
from zoo.objectives.neighbour_preserving import curve  # noqa: E402

pytestmark = pytest.mark.slow  # umap-learn compiles itself


@pytest.mark.parametrize(("min_dist", "spread"), [(0.1, 1.0), (0.0, 1.0), (0.5, 1.0), (0.25, 2.0), (0.001, 0.5)])
@pytest.mark.long
def test_the_curve_is_umaps(min_dist, spread):
    umap_ = pytest.importorskip("umap.umap_", reason="umap-learn is not installed")
    np.testing.assert_allclose(curve(min_dist, spread), umap_.find_ab_params(spread, min_dist), rtol=1e-3)


@pytest.mark.long
def test_the_graph_of_a_small_table_is_umaps(rng):
    umap_ = pytest.importorskip("umap.umap_", reason="umap-learn is not installed")
    table = rng.normal(size=(60, 4))
    table[1] = 2 * table[0]  # at distance 0
    distances, nearest = NearestNeighbors(n_neighbors=7, metric="cosine").fit(table).kneighbors(table)
    nearest[:2, :2] = [[0, 1], [1, 0]]  # a row comes before its copy
    expected, *_ = umap_.fuzzy_simplicial_set(
        table, 7, rng, "cosine", knn_indices=nearest, knn_dists=np.maximum(distances, 0).astype(np.float32)
    )
    np.testing.assert_allclose(_graph(table, 7).toarray(), expected.toarray(), atol=1e-4)
