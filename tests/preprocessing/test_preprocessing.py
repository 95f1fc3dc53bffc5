"""Centring, removal and shrinking of dominant directions, and length normalisation, against scikit-learn and NumPy."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.preprocessing.centre import Centre  # noqa: E402
from zoo.preprocessing.normalise_length import NormaliseLength  # noqa: E402
from zoo.preprocessing.remove_dominant_directions import RemoveDominantDirections  # noqa: E402
from zoo.preprocessing.shrink_dominant_directions import ShrinkDominantDirections  # noqa: E402


@pytest.fixture
def table(rng):
    return (rng.normal(size=(500, 8)) * np.linspace(4, 0.5, 8) + 7).astype(np.float32)


def adapted(layer, rows, weights=None, size=64):
    weights = np.ones(len(rows), np.float32) if weights is None else weights
    layer.build((None, rows.shape[1]))
    layer.adapt(lambda: ((rows[i : i + size], weights[i : i + size]) for i in range(0, len(rows), size)))
    return layer


def test_centre_subtracts_the_weighted_mean(table, rng):
    np.testing.assert_allclose(adapted(Centre(), table)(table), table - table.mean(axis=0), atol=1e-5)
    weights = rng.integers(0, 4, size=len(table)).astype(np.float32)
    layer = adapted(Centre(), table, weights)
    np.testing.assert_allclose(layer.mean, np.repeat(table, weights.astype(int), axis=0).mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(layer.inverse(layer(table)), table, atol=1e-5)


def test_removed_directions_are_sklearns_and_nothing_varies_along_them(table):
    centred = table - table.mean(axis=0)
    layer = adapted(RemoveDominantDirections(2), centred)
    leading = PCA(2).fit(table.astype(np.float64)).components_
    expected = centred - centred @ leading.T @ leading
    np.testing.assert_allclose(layer(centred), expected, atol=1e-4)
    assert np.var(np.asarray(layer(centred)) @ leading.T, axis=0).max() < 1e-8
    np.testing.assert_array_equal(layer.inverse(expected), expected)


def test_shrunk_directions_keep_the_variance_that_the_formula_says(table):
    centred = table - table.mean(axis=0)
    pca = PCA().fit(table.astype(np.float64))
    for power in (0.0, 0.5, 1.0):
        layer = adapted(ShrinkDominantDirections(3, power), centred)
        variances = np.var(np.asarray(layer(centred)) @ pca.components_.T, axis=0)
        before = np.var(centred @ pca.components_.T, axis=0)
        gains = np.minimum(1, before[3] / before) ** power
        gains[3:] = 1
        np.testing.assert_allclose(variances, before * gains**2, rtol=1e-3)
        np.testing.assert_allclose(layer.inverse(layer(centred)), centred, atol=1e-3)
    levelled = np.asarray(adapted(ShrinkDominantDirections(3, 0.5), centred)(centred)) @ pca.components_.T
    np.testing.assert_allclose(np.var(levelled, axis=0)[:3], before[3], rtol=1e-3)


@pytest.mark.parametrize("kind", [RemoveDominantDirections, ShrinkDominantDirections])
def test_no_direction_changes_nothing_and_all_are_too_many(kind, table):
    np.testing.assert_allclose(adapted(kind(0), table)(table), table, rtol=1e-5)
    with pytest.raises(ValueError, match="8"):
        kind(8).build((None, 8))
    with pytest.raises(ValueError, match="negative"):
        kind(-1)


def test_rows_of_no_variance_shrink_to_something_finite():
    rows = np.zeros((20, 4), np.float32)
    layer = adapted(ShrinkDominantDirections(2), rows)
    assert np.isfinite(np.asarray(layer(rows + 1))).all()
    assert np.isfinite(np.asarray(layer.inverse(rows + 1))).all()


@pytest.mark.parametrize(("length", "expected"), [(1.0, 1.0), (3.0, 3.0), (None, np.sqrt(8))])
def test_lengths_become_the_one_asked_for(length, expected, table, rng):
    weights = rng.integers(1, 4, size=len(table)).astype(np.float32)
    layer = adapted(NormaliseLength(length), table, weights)
    normalised = np.asarray(layer(table))
    np.testing.assert_allclose(np.linalg.norm(normalised, axis=1), expected, rtol=1e-5)
    np.testing.assert_allclose(normalised / expected, table / np.linalg.norm(table, axis=1, keepdims=True), atol=1e-5)
    mean_length = np.average(np.linalg.norm(table, axis=1), weights=weights)
    np.testing.assert_allclose(np.linalg.norm(layer.inverse(normalised), axis=1), mean_length, rtol=1e-5)
    np.testing.assert_array_equal(layer(np.zeros((2, 8), np.float32)), np.zeros((2, 8)))
    with pytest.raises(ValueError, match="positive"):
        NormaliseLength(0)
