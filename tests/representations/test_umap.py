"""UMAP, for new rows too."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.errors import InputError
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.representations.umap import Umap
from zoo.types import Splits

TRAINED = SimpleNamespace(model=SimpleNamespace(latent_dim=3))


@pytest.fixture(scope="module")
def heaps():
    """Three heaps of rows [150, 8], every third row held out."""
    random = np.random.default_rng(0)
    labels = np.arange(150) % 3
    features = (random.normal(size=(150, 8)) + 6 * np.eye(3, 8)[labels]).astype(np.float32)
    held_out = np.arange(150) // 3 % 3 == 0
    return Splits(
        features, train=np.flatnonzero(~held_out), validation=np.arange(0), test=np.flatnonzero(held_out), labels=labels
    )


@pytest.mark.slow
@pytest.mark.long
def test_new_rows_are_put_beside_their_like(heaps):
    fitted = Umap().fit("umap", heaps, TRAINED)
    known, asked = fitted.encode(heaps.train), fitted.encode(heaps.test)
    assert known.shape == (len(heaps.train), 3)
    assert KnnAccuracy(k=3).values(fitted, heaps).mean() > 0.95
    np.testing.assert_array_equal(fitted.encode(heaps.train[[5, 2]]), known[[5, 2]])
    np.testing.assert_array_equal(fitted.encode(heaps.test), asked)
    asked_alone = np.concatenate([fitted.encode(heaps.test[[row]]) for row in (7, 0)])
    np.testing.assert_array_equal(asked_alone, asked[[7, 0]])
    elsewhere = fitted.on(replace(heaps, features=heaps.features[::-1])).encode(149 - heaps.train[:50])
    assert np.abs(elsewhere - known[:50]).max() > 0  # they are put anew
    assert np.linalg.norm(elsewhere - known[:50], axis=1).max() < 3  # with their like


@pytest.mark.slow
def test_a_distance_that_umap_does_not_know_is_refused_before_the_training(heaps):
    with pytest.raises(InputError, match=r"baselines\.umap\.metric=cosin: .* did you mean 'cosine'"):
        Umap(metric="cosin").require("umap", heaps)
    sparse = replace(heaps, features=csr_array(heaps.features))
    with pytest.raises(InputError, match="no such distance of sparse rows"):
        Umap(metric="yule").require("umap", sparse)
    Umap(metric="yule").require("umap", heaps)


@pytest.mark.slow
@pytest.mark.long
def test_sparse_rows_are_placed_too(heaps):
    sparse = replace(heaps, features=csr_array(np.maximum(heaps.features, 0)))
    assert KnnAccuracy(k=3).values(Umap(metric="jaccard").fit("umap", sparse, TRAINED), sparse).mean() > 0.4


def test_too_few_rows_are_refused_before_the_training(heaps):
    few = replace(heaps, train=heaps.train[:9])
    with pytest.raises(InputError, match=r"there are 9; set baselines\.umap\.neighbours=8"):
        Umap().require("umap", few)
    with pytest.raises(InputError, match="at least 2 neighbours"):
        Umap(neighbours=1).require("umap", heaps)
