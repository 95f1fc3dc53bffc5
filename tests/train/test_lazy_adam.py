"""LazyAdam against Keras' Adam and against NumPy."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.train.lazy_adam import LazyAdam  # noqa: E402


def steps(optimizer, start, gradients):
    variable = keras.Variable(start)
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([gradient])
    return np.asarray(variable)


def test_dense_gradients_are_adams(rng):
    start, gradients = rng.normal(size=(6, 3)), [tf.constant(rng.normal(size=(6, 3)), tf.float32) for _ in range(5)]
    expected = steps(keras.optimizers.Adam(0.1), start, gradients)
    np.testing.assert_array_equal(steps(LazyAdam(0.1), start, gradients), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_sparse_gradients_are_numpys_and_leave_other_rows_alone(dtype, rng):
    start = rng.normal(size=(6, 3)).astype(np.float32)
    indices = [[4, 1, 4], [1], [0, 4]]  # a row twice in one step: its gradients add up
    values = [rng.normal(size=(len(each), 3)).astype(np.float32) for each in indices]
    gradients = [
        tf.IndexedSlices(tf.constant(v), tf.constant(i, dtype), tf.constant([6, 3]))
        for v, i in zip(values, indices, strict=True)
    ]
    x, m, v = start.astype(np.float64), np.zeros((6, 3)), np.zeros((6, 3))
    for step, (rows, given) in enumerate(zip(indices, values, strict=True), start=1):
        total = np.zeros((6, 3))
        np.add.at(total, rows, given)
        for row in set(rows):
            m[row] = 0.9 * m[row] + 0.1 * total[row]
            v[row] = 0.999 * v[row] + 0.001 * total[row] ** 2
            rate = 0.1 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
            x[row] -= rate * m[row] / (np.sqrt(v[row]) + 1e-7)
    got = steps(LazyAdam(0.1), start, gradients)
    np.testing.assert_allclose(got, x, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(got[[2, 3, 5]], start[[2, 3, 5]])


def test_every_row_at_every_step_is_adam(rng):
    start = rng.normal(size=(4, 3)).astype(np.float32)
    dense = [rng.normal(size=(4, 3)).astype(np.float32) for _ in range(4)]
    sparse = [tf.IndexedSlices(tf.constant(each), tf.range(4), tf.constant([4, 3])) for each in dense]
    expected = steps(keras.optimizers.Adam(0.1), start, [tf.constant(each) for each in dense])
    np.testing.assert_allclose(steps(LazyAdam(0.1), start, sparse), expected, rtol=1e-4, atol=1e-6)
