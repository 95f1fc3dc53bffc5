"""Windows of images against SciPy's interpolation, and their bounds."""

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.corruptions.shift_and_crop import ShiftAndCrop  # noqa: E402

HEIGHT, WIDTH = 14, 10


def ramps(count):
    """Images whose two channels are 100 + the row and 100 + the column of each pixel."""
    rows, columns = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return np.tile(100 + np.stack([rows, columns], axis=-1), (count, 1, 1, 1)).astype(np.float32)


def windows(seed, count, **arguments):
    """Where the windows begin and how far their pixels are apart, [count, 2 (rows, columns)], read off ramps."""
    out = np.asarray(ShiftAndCrop(seed=seed, **arguments)(ramps(count), training=True))[:, 5:8, 4:7] - 100.0
    steps = np.stack([out[:, 2, 1, 0] - out[:, 1, 1, 0], out[:, 1, 2, 1] - out[:, 1, 1, 1]], axis=1)
    middles = np.stack([out[:, 1, 1, 0], out[:, 1, 1, 1]], axis=1)
    return middles - steps * [6, 5], steps


def test_it_is_the_identity_at_inference_and_without_amounts(rng):
    images = rng.uniform(size=(5, HEIGHT, WIDTH, 3)).astype(np.float32)
    np.testing.assert_array_equal(ShiftAndCrop()(images), images)
    np.testing.assert_array_equal(ShiftAndCrop()(images, training=False), images)
    np.testing.assert_allclose(ShiftAndCrop(1.0, 0.0)(images, training=True), images, atol=1e-5)
    assert np.abs(np.asarray(ShiftAndCrop(seed=0)(images, training=True)) - images).mean() > 0.02


@pytest.mark.parametrize("flip", [False, True])
def test_every_window_is_resampled_as_scipy_does_with_nothing_outside(flip, rng):
    arguments = {"scale_low": 0.5, "shift": 0.1, "flip": flip}
    starts, steps = windows(3, 20, **arguments)
    images = rng.uniform(size=(20, HEIGHT, WIDTH, 2)).astype(np.float32)
    out = np.asarray(ShiftAndCrop(seed=3, **arguments)(images, training=True))
    for image, got, start, step in zip(images, out, starts, steps, strict=True):
        for channel in range(2):
            expected = affine_transform(image[..., channel], step, start, order=1, mode="grid-constant", cval=0.0)
            np.testing.assert_allclose(got[..., channel], expected, atol=2e-3)
    mirrored = steps[:, 1] < 0
    assert mirrored.any() == flip
    assert not mirrored.all()


def test_areas_and_places_are_uniform_and_within_their_bounds():
    starts, steps = windows(0, 3000, scale_low=0.6, shift=0.0)
    np.testing.assert_allclose(steps[:, 0], steps[:, 1], atol=1e-4)
    areas = steps[:, 0] ** 2
    assert 0.6 - 1e-3 < areas.min() < 0.61
    assert 0.99 < areas.max() < 1 + 1e-3
    assert areas.mean() == pytest.approx(0.8, abs=4 * 0.4 / np.sqrt(12 * 3000))
    for axis, size in enumerate((HEIGHT, WIDTH)):
        # edges of the window, in pixels from the image's edge: half a (small) pixel before the first centre
        low = starts[:, axis] + 0.5 - steps[:, axis] / 2
        high = low + steps[:, axis] * size
        assert low.min() > -1e-2
        assert high.max() < size + 1e-2
        free = size * (1 - steps[:, axis])
        roomy = free > 0.5
        places = low[roomy] / free[roomy]
        assert places.mean() == pytest.approx(0.5, abs=0.03)
        assert places.std() == pytest.approx(1 / np.sqrt(12), abs=0.03)


def test_a_shift_reaches_as_far_beyond_the_border_as_it_says():
    starts, steps = windows(1, 2000, scale_low=1.0, shift=0.2)
    np.testing.assert_allclose(steps, 1, atol=1e-3)
    for axis, size in enumerate((HEIGHT, WIDTH)):
        assert np.abs(starts[:, axis]).max() <= 0.2 * size + 1e-2
        assert starts[:, axis].max() > 0.19 * size
        assert starts[:, axis].min() < -0.19 * size
    assert abs(np.corrcoef(starts.T)[0, 1]) < 0.1  # each axis its own


def test_it_runs_in_a_graph_of_any_batch_size_and_by_its_seed(rng):
    images = rng.uniform(size=(6, HEIGHT, WIDTH, 1)).astype(np.float32)
    outs = []
    for seed in (0, 0, 1):
        layer = ShiftAndCrop(seed=seed, flip=True)
        signature = [tf.TensorSpec((None, HEIGHT, WIDTH, 1), tf.float32)]
        cropped = tf.function(lambda x, layer=layer: layer(x, training=True), input_signature=signature)
        assert cropped(images[:1]).shape == (1, HEIGHT, WIDTH, 1)
        outs.append(np.asarray(cropped(images)))
    np.testing.assert_array_equal(outs[0], outs[1])
    assert np.abs(outs[0] - outs[2]).max() > 0.1


def test_what_is_no_image_and_wrong_amounts_are_refused(rng):
    with pytest.raises(ValueError, match="takes images"):
        ShiftAndCrop()(rng.normal(size=(3, 4)).astype(np.float32), training=True)
    with pytest.raises(ValueError, match="not sparse rows"):
        ShiftAndCrop()({"indices": tf.zeros((2, 3), tf.int32), "values": tf.ones((2, 3))}, training=True)
    for arguments in ({"scale_low": 0.0}, {"scale_low": 1.1}, {"shift": -0.1}):
        with pytest.raises(ValueError, match="scale_low must be above 0"):
            ShiftAndCrop(**arguments)
