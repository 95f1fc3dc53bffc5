"""Swap noise: every damaged entry is another row's in the same column."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.corruptions.swap_noise import SwapNoise  # noqa: E402


def numbered(rows, columns):
    """Entries that say where they come from: row + column / 100."""
    return (np.arange(rows)[:, None] + np.arange(columns) / 100).astype(np.float32)


def test_it_is_the_identity_at_inference():
    x = numbered(20, 5)
    np.testing.assert_array_equal(SwapNoise(0.5)(x), x)
    np.testing.assert_array_equal(SwapNoise(0.5)(x, training=False), x)


def test_the_wanted_share_of_entries_comes_from_another_row_in_the_same_column():
    x = numbered(400, 25)
    layer = SwapNoise(0.2, seed=0)
    first, second = (np.asarray(layer(x, training=True)) for _ in range(2))
    sources = np.floor(first + 1e-3)
    np.testing.assert_allclose(100 * (first - sources), np.tile(np.arange(25), (400, 1)), atol=0.1)
    swapped = sources != np.arange(400)[:, None]
    assert swapped.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.2 * 0.8 / x.size))
    assert ((sources >= 0) & (sources < 400)).all()
    assert (first != second).mean() > 0.2
    np.testing.assert_array_equal(SwapNoise(0.2, seed=0)(x, training=True), first)


def test_every_other_row_is_a_source_in_time_and_none_its_own():
    x = numbered(5, 1)
    layer = SwapNoise(0.999999, seed=0)
    seen = {(row, int(source)) for _ in range(60) for row, (source,) in enumerate(np.asarray(layer(x, training=True)))}
    assert seen == {(row, source) for row in range(5) for source in range(5) if row != source}


def test_a_row_alone_has_no_other_to_take_from():
    x = numbered(1, 6)
    np.testing.assert_array_equal(SwapNoise(0.9, seed=0)(x, training=True), x)


def test_images_swap_as_well_in_a_graph_of_any_batch_size(rng):
    layer = SwapNoise(0.5, seed=0)
    swapped = tf.function(lambda x: layer(x, training=True), input_signature=[tf.TensorSpec((None, 4, 3, 2))])
    for count in (1, 6):
        x = rng.normal(size=(count, 4, 3, 2)).astype(np.float32)
        out = np.asarray(swapped(x))
        assert (out[:, None] == x[None]).any(axis=1).all()  # each entry is some row's, at the same place


def test_wrong_shares_and_sparse_rows_are_refused():
    for share in (-0.1, 1.0):
        with pytest.raises(ValueError, match="at least 0 and below 1"):
            SwapNoise(share)
    rows = {"indices": tf.zeros((2, 3), tf.int32), "values": tf.ones((2, 3))}
    with pytest.raises(ValueError, match=r"dense rows: mask sparse ones with zoo\.corruptions\.Masking"):
        SwapNoise()(rows, training=True)
