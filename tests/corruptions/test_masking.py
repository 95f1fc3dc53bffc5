"""Masking of vectors, images and sparse rows."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.corruptions.masking import Masking  # noqa: E402


def test_entries_become_the_value_in_the_wanted_share_and_none_at_inference(rng):
    x = rng.normal(size=(2000, 10)).astype(np.float32)
    layer = Masking(0.3, value=7.0, seed=0)
    np.testing.assert_array_equal(layer(x), x)
    np.testing.assert_array_equal(layer(x, training=False), x)
    first, second = (np.asarray(layer(x, training=True)) for _ in range(2))
    masked = first == 7
    assert masked.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / x.size))
    np.testing.assert_allclose(masked.mean(axis=0), 0.3, atol=4 * np.sqrt(0.3 * 0.7 / len(x)))
    np.testing.assert_array_equal(first[~masked], x[~masked])
    assert (masked != (second == 7)).mean() == pytest.approx(2 * 0.3 * 0.7, abs=0.02)  # draws of its own each time
    np.testing.assert_array_equal(Masking(0.3, value=7.0, seed=0)(x, training=True), first)


def test_of_images_whole_pixels_are_masked(rng):
    images = rng.uniform(0.1, 1, size=(50, 8, 6, 3)).astype(np.float32)
    masked = np.asarray(Masking(0.4, seed=0)(images, training=True)) == 0
    np.testing.assert_array_equal(masked.any(axis=-1), masked.all(axis=-1))
    assert masked.mean() == pytest.approx(0.4, abs=0.04)


def test_sparse_rows_lose_items_and_keep_the_others_as_they_are(rng):
    indices = rng.integers(0, 1000, size=(500, 12)).astype(np.int32)
    indices[:, 9:] = -1
    values = np.where(indices >= 0, rng.uniform(1, 2, size=indices.shape), 0).astype(np.float32)
    rows = {"indices": tf.constant(indices), "values": tf.constant(values)}
    layer = Masking(0.25, value=3.0, seed=0)
    assert layer(rows) is rows or np.array_equal(layer(rows)["indices"], indices)
    damaged = {name: np.asarray(array) for name, array in layer(rows, training=True).items()}
    lost = (damaged["indices"] == -1) & (indices >= 0)
    assert lost[:, :9].mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / (500 * 9)))
    np.testing.assert_array_equal(damaged["values"][lost], 0)
    np.testing.assert_array_equal(damaged["values"][~lost], values[~lost])
    np.testing.assert_array_equal(damaged["indices"][~lost], indices[~lost])
    assert damaged["indices"].dtype == np.int32


def test_it_runs_in_a_graph_of_any_batch_size(rng):
    layer = Masking(0.5, seed=0)
    masked = tf.function(
        lambda x: layer(x, training=True), input_signature=[tf.TensorSpec((None, 4, 4, 2), tf.float32)]
    )
    for count in (1, 7):
        assert masked(rng.normal(size=(count, 4, 4, 2)).astype(np.float32)).shape == (count, 4, 4, 2)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(ValueError, match="at least 0 and below 1"):
        Masking(share)
