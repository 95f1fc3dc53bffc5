import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.corruptions.gaussian_noise import GaussianNoise  # noqa: E402


def test_noise_has_its_scale_in_training_and_is_off_otherwise():
    x = np.ones((4000, 5), np.float32)
    layer = GaussianNoise(0.3, seed=0)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer(x, training=False), x)
    first, second = (np.asarray(layer(x, training=True)) - x for _ in range(2))
    assert first.std() == pytest.approx(0.3, rel=0.03)
    assert abs(first.mean()) < 0.01
    assert np.abs(first - second).max() > 0.1
    np.testing.assert_array_equal(np.asarray(GaussianNoise(0.3, seed=0)(x, training=True)) - x, first)  # seeded
    assert np.abs(np.asarray(GaussianNoise(0.3, seed=1)(x, training=True)) - x - first).max() > 0.1


def test_a_negative_scale_is_refused():
    with pytest.raises(ValueError, match="negative"):
        GaussianNoise(-0.1)


def test_sparse_rows_are_refused_with_what_to_take_instead():
    rows = {"indices": tf.zeros((2, 3), tf.int32), "values": tf.ones((2, 3))}
    with pytest.raises(ValueError, match=r"dense rows: mask sparse ones with zoo\.corruptions\.Masking"):
        GaussianNoise()(rows, training=True)
