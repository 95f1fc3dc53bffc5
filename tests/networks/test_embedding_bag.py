"""The embedding bag against a dense layer on the dense rows."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.quiet import import_tensorflow
from zoo.rows._cells import padded

tf = import_tensorflow()

from zoo.networks.embedding_bag import EmbeddingBag  # noqa: E402


@pytest.fixture
def rows(rng):
    dense = rng.poisson(0.3, size=(12, 40)).astype(np.float32)
    dense[3] = 0  # a row without items
    return csr_array(dense)


def built(**arguments):
    bag = EmbeddingBag(5, **arguments)
    bag.build((None, 40))
    bag.bias.assign(np.linspace(-1, 1, 5))
    return bag


@pytest.mark.parametrize(("combiner", "norm"), [("sum", None), ("mean", 1), ("sqrtn", 2)])
def test_it_is_a_dense_layer_on_scaled_rows(combiner, norm, rows):
    bag = built(combiner=combiner, activation="tanh", hidden=[3])
    dense = rows.toarray()
    if norm is not None:
        dense = dense / np.maximum(np.linalg.norm(dense, norm, axis=1, keepdims=True), 1e-12)
    first = np.tanh(dense @ np.asarray(bag.table) + np.asarray(bag.bias))
    expected = np.tanh(first @ np.asarray(bag.layers[0].kernel) + np.asarray(bag.layers[0].bias))
    np.testing.assert_allclose(bag(padded(rows)), expected, atol=1e-5)


def test_the_tables_gradient_is_sparse_and_equals_the_dense_one(rows):
    bag = built(combiner="sum", activation="linear")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(bag(padded(rows))))
    gradient = tape.gradient(loss, bag.table.value)
    assert isinstance(gradient, tf.IndexedSlices)
    dense = rows.toarray()
    out = dense @ np.asarray(bag.table) + np.asarray(bag.bias)
    np.testing.assert_allclose(tf.convert_to_tensor(gradient), 2 * dense.T @ out, rtol=1e-4, atol=1e-4)


def test_dropout_takes_whole_items(rows):
    bag = built(combiner="sum", activation="linear", dropout=0.5)
    one = padded(csr_array(([1.0], ([0], [7])), shape=(1, 40)))
    drawn = np.concatenate([np.asarray(bag(one, training=True)) for _ in range(40)]) - np.asarray(bag.bias)
    row = np.asarray(bag.table)[7]
    kept = np.isclose(drawn, 2 * row, atol=1e-5).all(axis=1)
    gone = np.isclose(drawn, 0, atol=1e-6).all(axis=1)
    assert (kept | gone).all()
    assert 5 < kept.sum() < 35


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_where_a_row_has_no_more_items_values_do_not_count(combiner):
    bag = built(combiner=combiner, activation="linear")
    rows = [{"indices": tf.constant([[4, last, 9]]), "values": tf.constant([[1.0, 7.0, 2.0]])} for last in (-1, 6)]
    only = {"indices": tf.constant([[4, 9]]), "values": tf.constant([[1.0, 2.0]])}
    np.testing.assert_allclose(bag(rows[0]), bag(only), rtol=1e-6)
    assert np.abs(np.asarray(bag(rows[1])) - np.asarray(bag(only))).max() > 0.01


def test_widths_below_1_are_refused():
    for units, hidden in ((0, None), (4, [3, 0])):
        with pytest.raises(ValueError, match="at least 1"):
            EmbeddingBag(units, hidden)


def test_a_column_that_comes_twice_is_one_column_with_both_values():
    layer = EmbeddingBag(3, repeats=True)
    layer.build((None, 5))
    twice = {"indices": np.asarray([[1, 3, 1, -1]], np.int32), "values": np.asarray([[1, 2, 1, 0]], np.float32)}
    once = {"indices": np.asarray([[3, 1]], np.int32), "values": np.asarray([[2, 2]], np.float32)}
    np.testing.assert_allclose(layer(twice), layer(once), rtol=1e-6)
    assert np.abs(np.asarray(EmbeddingBag.from_config(layer.get_config()).repeats)) == 1
