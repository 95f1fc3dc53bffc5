"""Random affine maps against SciPy's, and their bounds."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.corruptions.random_affine import RandomAffine  # noqa: E402


@pytest.fixture
def images(rng):
    return rng.uniform(size=(6, 12, 10, 2)).astype(np.float32)


def test_it_is_the_identity_at_inference_and_not_in_training(images):
    layer = RandomAffine(seed=0)
    np.testing.assert_array_equal(layer(images), images)
    assert np.abs(np.asarray(layer(images, training=True)) - images).mean() > 0.05
    np.testing.assert_allclose(RandomAffine(0, 0, 0, 0)(images, training=True), images, atol=1e-5)


def test_every_image_is_mapped_as_scipy_maps_it(images):
    layer = RandomAffine(seed=3)
    maps = np.asarray(layer._maps(images))
    assert len({tuple(each) for each in maps.round(4)}) == len(images)  # each image its own
    layer = RandomAffine(seed=3)
    moved = np.asarray(layer(images, training=True))
    for image, out, (a, b, right, c, d, down, *_) in zip(images, moved, maps, strict=True):
        matrix, offset = np.asarray([[d, c], [b, a]]), [down, right]  # scipy speaks of (row, column)
        for channel in range(2):
            expected = affine_transform(image[..., channel], matrix, offset, order=1, mode="grid-constant")
            np.testing.assert_allclose(out[..., channel], expected, atol=1e-3)


def test_amounts_stay_within_their_bounds():
    images = np.zeros((2000, 8, 8, 1), np.float32)
    shifts = np.asarray(RandomAffine(0, 0, 0, 0.25, seed=0)._maps(images))[:, [2, 5]]
    assert np.abs(shifts).max() <= 2.0
    assert np.abs(shifts).max() > 1.9
    np.testing.assert_allclose(shifts.std(axis=0), 4 / np.sqrt(12), rtol=0.05)
    turns = np.asarray(RandomAffine(0.3, 0, 0, 0, seed=0)._maps(images))
    angles = np.arctan2(turns[:, 3], turns[:, 0])
    assert 0.29 < np.abs(angles).max() <= 0.3 + 1e-6


def test_light_changes_mean_and_spread_only(images):
    lit = np.asarray(RandomAffine(0, 0, 0, 0, brightness=0.5, contrast=0.7, seed=1)(images, training=True))
    for before, after in zip(images, lit, strict=True):
        for channel in range(2):
            assert np.corrcoef(before[..., channel].ravel(), after[..., channel].ravel())[0, 1] > 0.999
    assert np.abs(lit.mean(axis=(1, 2)) - images.mean(axis=(1, 2))).max() > 0.1


def test_mirroring_is_left_to_right_of_as_many_as_asked_for(images):
    mirrored = np.asarray(RandomAffine(0, 0, 0, 0, flip=1.0)(images, training=True))
    np.testing.assert_allclose(mirrored, images[:, :, ::-1], atol=1e-5)
    many = np.tile(np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1), (4000, 2, 1, 1))
    moved = np.asarray(RandomAffine(0, 0, 0, 0, flip=0.3, seed=2)(many, training=True))
    assert np.mean(moved[:, 0, 0, 0] > moved[:, 0, 3, 0]) == pytest.approx(0.3, abs=0.03)  # 4 standard errors


def test_a_tint_moves_each_channel_and_grey_images_have_equal_ones(images):
    tinted = np.asarray(RandomAffine(0, 0, 0, 0, tint=0.4, seed=1)(images, training=True)) - images
    np.testing.assert_allclose(tinted.std(axis=(1, 2)), 0, atol=1e-5)
    amounts = tinted.mean(axis=(1, 2))
    assert len({*amounts.round(5).ravel()}) == amounts.size
    assert np.abs(amounts).max() <= 0.4 + 1e-5
    many = np.tile(np.asarray([1.0, 0.0, 0.5], np.float32).reshape(1, 1, 1, 3), (4000, 2, 2, 1))
    grey = np.asarray(RandomAffine(0, 0, 0, 0, grey=0.2, seed=1)(many, training=True))
    equal = np.ptp(grey, axis=-1).max(axis=(1, 2)) < 1e-5
    assert equal.mean() == pytest.approx(0.2, abs=0.03)
    np.testing.assert_allclose(grey[equal], 0.5, atol=1e-5)
    np.testing.assert_allclose(grey[~equal], many[~equal], atol=1e-5)


def test_what_is_no_image_is_refused():
    with pytest.raises(ValueError, match="takes images"):
        RandomAffine()(np.zeros((3, 4), np.float32), training=True)
    with pytest.raises(ValueError, match="must not be negative"):
        RandomAffine(rotation=-0.1)
    with pytest.raises(ValueError, match="are probabilities"):
        RandomAffine(flip=1.5)


def test_crop_sees_a_window_inside_the_image():
    """An image whose pixels say where they are: they lie apart by the root of the share of the area that is seen."""
    column, row = np.meshgrid(np.arange(21.0), np.arange(17.0))
    images = np.repeat(np.stack([column, row], axis=-1)[None], 400, axis=0).astype(np.float32)
    still = {"rotation": 0.0, "stretch": 0.0, "shear": 0.0, "shift": 0.0}
    seen = np.asarray(RandomAffine(**still, crop=0.25, seed=1)(images, training=True))
    apart = np.stack([seen[:, 8, 11, 0] - seen[:, 8, 10, 0], seen[:, 9, 10, 1] - seen[:, 8, 10, 1]])
    np.testing.assert_allclose(apart[0], apart[1], atol=1e-3)
    shares = apart[0] ** 2
    assert shares.min() >= 0.25 - 1e-3
    assert shares.max() <= 1 + 1e-3
    assert abs(np.sqrt(shares).mean() - 0.7778) < 0.02  # the mean root of a uniform share from 1/4 to 1
    nearest = np.abs(seen[:, 8, 10] - [10, 8]) / [
        21,
        17,
    ]  # shares of the side
    assert (nearest <= (1 - apart[0][:, None]) / 2 + 1e-3).all()
    assert nearest.std(axis=0).min() > 0.03
    np.testing.assert_array_equal(RandomAffine(**still, crop=1.0)(images, training=True), images)
    with pytest.raises(ValueError, match="crop is a share"):
        RandomAffine(crop=0.0)
