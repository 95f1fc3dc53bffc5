"""Images by their patches."""

from dataclasses import replace
from time import sleep
from types import SimpleNamespace

import numpy as np
import pytest
from joblib import cpu_count

from zoo.data.digits import Digits
from zoo.errors import InputError
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.patches import Grid, PatchFeatures, Whitening, contrast_normalised, in_threads, quarters
from zoo.representations.patch_k_means import PatchKMeans
from zoo.representations.pca import PCA
from zoo.types import Splits


def fitted(baseline, splits, latent_dim=16):
    return baseline.fit("patches", splits, SimpleNamespace(model=SimpleNamespace(latent_dim=latent_dim)))


@pytest.fixture(scope="module")
def digits():
    return Digits().load()


@pytest.fixture(scope="module")
def patches(digits):
    return fitted(PatchKMeans(), digits)


def test_patches_are_cut_row_by_row():
    image = np.arange(24, dtype=np.float32).reshape(1, 3, 4, 2)
    found = Grid(2, 1).patches(image)
    assert found.shape == (1, 6, 8)
    by_hand = [image[0, y : y + 2, x : x + 2].transpose(2, 0, 1).ravel() for y in range(2) for x in range(3)]
    np.testing.assert_array_equal(found[0], by_hand)
    assert Grid(2, 2).places(image.shape[1:]) == (1, 2)
    np.testing.assert_array_equal(Grid(2, 2).patches(image)[0], found[0][[0, 2]])


def test_some_patches_are_patches_of_their_image(rng):
    images = rng.uniform(size=(5, 6, 7, 2)).astype(np.float32)
    found = Grid(3, 1).some(images, 4, rng).reshape(5, 4, -1)
    for own, every in zip(found, Grid(3, 1).patches(images), strict=True):
        assert {each.tobytes() for each in own} <= {each.tobytes() for each in every}
    assert len(np.unique(found.reshape(20, -1), axis=0)) > 10


def test_contrast_is_normalised_but_flat_patches_stay_flat(rng):
    patches = rng.uniform(0, 255, size=(50, 36)).astype(np.float32)
    normal = contrast_normalised(patches, 255.0)
    expected = (patches - patches.mean(axis=1, keepdims=True)) / np.sqrt(patches.var(axis=1, keepdims=True) + 10)
    np.testing.assert_allclose(normal, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(contrast_normalised(patches / 255, 1.0), normal, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(contrast_normalised(np.full((1, 36), 99.0, np.float32), 255.0), np.zeros((1, 36)))


def test_whitened_patches_have_no_correlations(rng):
    patches = (rng.normal(size=(5_000, 9)) @ rng.normal(size=(9, 9))).astype(np.float32)
    normal = contrast_normalised(patches, 1.0).astype(np.float64)
    variances = np.linalg.eigvalsh(np.cov(normal, rowvar=False, bias=True))
    whitened = np.linalg.eigvalsh(np.cov(Whitening.of(patches, 1.0)(patches), rowvar=False, bias=True))
    np.testing.assert_allclose(whitened, np.maximum(variances, 0) / (np.maximum(variances, 0) + 0.1), atol=1e-3)


def test_features_by_hand(rng):
    """The triangle code, written out with loops."""
    images = rng.uniform(0, 255, size=(3, 5, 6, 2)).astype(np.float32)
    whitening = Whitening.of(Grid(3, 1).patches(images).reshape(-1, 18), 255.0)
    centroids = rng.normal(size=(4, 18)).astype(np.float32)
    expected = np.zeros((3, 4, 4))
    for number, image in enumerate(whitening(Grid(3, 1).patches(images)).reshape(3, 3, 4, 18)):
        for y in range(3):
            for x in range(4):
                distances = np.linalg.norm(image[y, x] - centroids, axis=1)
                expected[number, 2 * (y >= 2) + (x >= 2)] += np.maximum(0, distances.mean() - distances)
    found = PatchFeatures(Grid(3, 1), whitening, centroids).of([images[:2], images[2:]])
    np.testing.assert_allclose(found, expected.reshape(3, -1), rtol=1e-3, atol=1e-4)


def test_each_place_is_in_one_quarter():
    np.testing.assert_array_equal(quarters(3, 4).sum(axis=0), 1)
    np.testing.assert_array_equal(quarters(3, 4).sum(axis=1), [4, 4, 2, 2])
    np.testing.assert_array_equal(quarters(1, 1).sum(axis=1), [1, 0, 0, 0])


def test_few_blocks_are_in_memory_at_once_and_results_come_in_order():
    read, ahead, found = [], [], []

    def blocks():
        for number in range(100):
            read.append(number)
            yield number

    for result in in_threads(lambda number: (sleep(0.001 * (number % 3)), 2 * number)[1], blocks()):
        found.append(result)
        ahead.append(len(read) - len(found))
    assert found == list(range(0, 200, 2))
    assert max(ahead) < 2 * cpu_count()


def test_digits_are_told_better_than_by_principal_components(digits, patches):
    accuracy = [KnnAccuracy().values(each, digits).mean() for each in (patches, fitted(PCA(whiten=0.5), digits))]
    assert accuracy[0] > 0.97
    assert accuracy[0] > accuracy[1] + 0.005


def test_an_image_has_one_code_whatever_is_asked_for_beside_it(digits, patches):
    rows = digits.test[:40]
    codes = patches.encode(rows)
    assert codes.shape == (40, 16)
    assert codes.dtype == np.float32
    np.testing.assert_allclose(patches.encode(rows[[7]]), codes[[7]], atol=1e-5)
    assert patches.encode(rows[:0]).shape == (0, 16)
    turned = replace(digits, features=digits.features[::-1])
    np.testing.assert_allclose(patches.on(turned).encode(len(digits) - 1 - rows), codes, atol=1e-5)


def test_only_training_images_and_the_seed_decide(digits):
    small = PatchKMeans(centroids=20, patches=2_000)
    spoilt = digits.features.copy()
    spoilt[digits.test] = 255 - spoilt[digits.test]
    codes = fitted(small, digits).encode(digits.train[:50])
    np.testing.assert_array_equal(fitted(small, replace(digits, features=spoilt)).encode(digits.train[:50]), codes)
    other = fitted(PatchKMeans(centroids=20, patches=2_000, seed=1), digits).encode(digits.train[:50])
    assert np.abs(other - codes).max() > 0.01


def test_large_images_have_no_more_patches_than_small_ones(rng):
    images = rng.uniform(0, 255, size=(12, 80, 64, 3)).astype(np.float32)
    rows = np.arange(12)
    splits = Splits(images, train=rows[:8], validation=rows[:0], test=rows[8:])
    large = fitted(PatchKMeans(centroids=6, patches=500, dimensions=2), splits)
    assert large.features.grid == Grid(6, 3)
    assert np.isfinite(large.encode(splits.test)).all()


def test_images_of_one_colour_have_one_code(digits):
    flat = replace(digits, features=np.full_like(digits.features, 17))
    codes = fitted(PatchKMeans(centroids=5, patches=500), flat).encode(flat.test)
    np.testing.assert_array_equal(codes, np.zeros_like(codes))


def test_other_rows_and_patches_that_do_not_fit_are_refused_before_the_training(splits, digits):
    with pytest.raises(InputError, match=r"rows of 12 columns.*~baselines\.patches"):
        PatchKMeans().require("patches", splits)
    with pytest.raises(InputError, match="side=9: patches do not fit into images of 8 x 8"):
        PatchKMeans(side=9).require("patches", digits)
    with pytest.raises(InputError, match=r"5 pixels, 4 apart.*set baselines\.patches\.stride=3 or less"):
        PatchKMeans(side=5, stride=4).require("patches", digits)
    with pytest.raises(InputError, match=r"8 pixels, 1 apart.*leave side out"):
        PatchKMeans(side=8).require("patches", digits)
    line = replace(digits, features=digits.features.reshape(len(digits), 1, -1, 1))
    with pytest.raises(InputError, match=r"single row or column of .*~baselines\.patches"):
        PatchKMeans().require("patches", line)


def test_a_long_image_has_patches_in_each_quarter():
    images = np.zeros((3, 8, 256, 1), np.float32)
    PatchKMeans().require("patches", Splits(images, *(np.arange(3),) * 3))
