"""LazyAdam against Keras' Adam and against NumPy."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.parts import gathered  # noqa: E402
from zoo.train.lazy_adam import LazyAdam  # noqa: E402


def steps(optimizer, start, gradients, name="table"):
    variable = keras.Variable(start, name=name)
    optimizer.build([variable])
    for gradient in gradients:
        optimizer.apply([gradient])
    return np.asarray(variable)


def by_hand(start, steps_of_rows):
    """The table after steps, each a dictionary row -> gradient; float64."""
    x, squares, seen = start.astype(np.float64), np.zeros(len(start)), np.zeros(len(start))
    for each in steps_of_rows:
        for row, gradient in each.items():
            squares[row] = 0.999 * squares[row] + 0.001 * np.mean(gradient**2)
            seen[row] += 1
            x[row] -= 0.1 * gradient / (np.sqrt(squares[row] / (1 - 0.999 ** seen[row])) + 1e-7)
    return x


def test_other_variables_are_adams(rng):
    start, gradients = rng.normal(size=(6, 3)), [tf.constant(rng.normal(size=(6, 3)), tf.float32) for _ in range(5)]
    expected = steps(keras.optimizers.Adam(0.1), start, gradients, "kernel")
    # the same formula in one operation: what differs is rounding, of steps of 0.1
    np.testing.assert_allclose(steps(LazyAdam(0.1), start, gradients, "kernel"), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize("width", [(3,), ()])
def test_sparse_gradients_are_numpys_and_leave_other_rows_alone(dtype, width, rng):
    start = rng.normal(size=(6, *width)).astype(np.float32)
    indices = [[4, 1, 4], [1], [0, 4]]  # a row twice in one step: its gradients add up
    values = [rng.normal(size=(len(each), *width)).astype(np.float32) for each in indices]
    gradients = [
        tf.IndexedSlices(tf.constant(v), tf.constant(i, dtype), tf.constant([6, *width]))
        for v, i in zip(values, indices, strict=True)
    ]
    totals = []
    for rows, given in zip(indices, values, strict=True):
        total = np.zeros((6, *width))
        np.add.at(total, rows, given)
        totals.append({row: total[row] for row in set(rows)})
    got = steps(LazyAdam(0.1), start, gradients)
    np.testing.assert_allclose(got, by_hand(start, totals), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(got[[2, 3, 5]], start[[2, 3, 5]])


def test_a_dense_gradient_of_a_table_moves_its_rows_alike(rng):
    start = rng.normal(size=(4, 3)).astype(np.float32)
    dense = [rng.normal(size=(4, 3)).astype(np.float32) for _ in range(4)]
    sparse = [tf.IndexedSlices(tf.constant(each), tf.range(4), tf.constant([4, 3])) for each in dense]
    expected = by_hand(start, [dict(enumerate(each)) for each in dense])
    for gradients in (sparse, [tf.constant(each) for each in dense]):
        np.testing.assert_allclose(steps(LazyAdam(0.1), start, gradients), expected, rtol=1e-4, atol=1e-5)


def test_a_table_keeps_two_numbers_a_row(rng):
    optimizer = LazyAdam(0.1)
    steps(optimizer, np.ones((50, 8), np.float32), [slices([1], rng.normal(size=(1, 8)), 50)])
    assert sum(int(np.prod(each.shape)) for each in optimizer.variables[2:]) == 100


def slices(rows, values, count):
    return tf.IndexedSlices(tf.constant(values, tf.float32), tf.constant(rows), tf.constant([count, len(values[0])]))


def test_a_row_twice_is_summed_before_it_is_clipped():
    """Twice the gradient (3, 4) is (6, 8), of norm 10: clipped to 5 it is (3, 4), not half of each and then the sum."""
    start = np.zeros((3, 2), np.float32)
    optimizer = LazyAdam(0.1, clipnorm=5.0)
    steps(optimizer, start, [slices([1, 1], [[3.0, 4.0], [3.0, 4.0]], 3)])
    (averages,) = [np.asarray(each) for each in optimizer.variables[2:] if each.shape == (3, 2)]
    np.testing.assert_allclose(averages, 0.001 * np.asarray([[0, 0], [12.5, 1], [0, 0]]), rtol=1e-3)


@pytest.mark.parametrize("clipnorm", [None, 1.0])
def test_gradients_of_a_gathered_table_stay_sparse_in_a_graph(clipnorm):
    """Nothing in the step's graph is as large as the table, but the variables themselves."""
    table = keras.Variable(np.zeros((1009, 3), np.float32), name="table")
    optimizer = LazyAdam(0.1, clipnorm=clipnorm)
    optimizer.build([table])

    @tf.function
    def step(rows):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(gathered(table, rows))
        optimizer.apply(tape.gradient(loss, [table.value]), [table])

    graph = step.get_concrete_function(tf.TensorSpec((4,), tf.int32)).graph
    large = [op.name for op in graph.get_operations() for out in op.outputs if out.shape.rank and out.shape[0] == 1009]
    assert not large
    step(tf.constant([5, 5, 7, 5]))
    assert set(np.flatnonzero(np.asarray(table).any(axis=1))) == {5, 7}


def test_a_saved_state_goes_on_as_if_nothing_had_happened(rng):
    gradients = [slices([1, 3], rng.normal(size=(2, 3)), 5) for _ in range(4)]
    whole = steps(LazyAdam(0.1), np.ones((5, 3), np.float32), gradients)
    optimizer = LazyAdam(0.1, clipnorm=None)
    variable = keras.Variable(np.ones((5, 3), np.float32), name="table")
    optimizer.build([variable])
    for gradient in gradients[:2]:
        optimizer.apply([gradient])
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is LazyAdam
    assert again.get_config() == optimizer.get_config()
    again.build([variable])
    for ours, saved in zip(again.variables, optimizer.variables, strict=True):
        ours.assign(saved)
    for gradient in gradients[2:]:
        again.apply([gradient])
    np.testing.assert_allclose(np.asarray(variable), whole, rtol=1e-6)


def test_amsgrad_is_refused():
    with pytest.raises(ValueError, match="no amsgrad"):
        LazyAdam(amsgrad=True).build([keras.Variable(np.zeros(3, np.float32))])
