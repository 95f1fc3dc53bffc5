"""The normaliser in chunks, and its gradients, against SciPy."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.likelihoods._log_normaliser import log_normaliser  # noqa: E402
from zoo.likelihoods.multinomial import Multinomial  # noqa: E402


@pytest.mark.parametrize("chunk", [1, 7, 10, 23, 100])
@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_values_and_gradients_are_scipys_in_chunks_of_any_size(chunk, in_graph, scale, rng):
    features, kernel, bias = scale * rng.normal(size=(5, 3)), rng.normal(size=(23, 3)), rng.normal(size=23)
    upstream = rng.normal(size=5)

    def both(h, w, b):
        with tf.GradientTape() as tape:
            tape.watch([h, w, b])
            total = log_normaliser(h, w, b, chunk)
        return total, tape.gradient(total, [h, w, b], tf.constant(upstream, tf.float32))

    given = [tf.constant(each, tf.float32) for each in (features, kernel, bias)]
    total, gradients = (tf.function(both) if in_graph else both)(*given)
    features, kernel, bias = (each.numpy().astype(np.float64) for each in given)
    logits = features @ kernel.T + bias
    np.testing.assert_allclose(total, logsumexp(logits, axis=1), rtol=1e-5)
    shares = softmax(logits, axis=1) * upstream[:, None]
    for got, expected in zip(gradients, (shares @ kernel, shares.T @ features, shares.sum(axis=0)), strict=True):
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4 * scale)


def test_the_way_there_keeps_nothing_for_the_way_back():
    """A loop that is differentiated keeps what each turn made: all chunks together are [batch, columns]."""

    @tf.function
    def step(h, w, b):
        with tf.GradientTape() as tape:
            tape.watch([h, w, b])
            total = log_normaliser(h, w, b, 10)
        return tape.gradient(total, [h, w, b])

    shapes = ((31, 3), (1000, 3), (1000,))
    graph = step.get_concrete_function(*(tf.TensorSpec(shape, tf.float32) for shape in shapes)).graph
    loops = [op for op in graph.get_operations() if "While" in op.type]
    assert len(loops) == 2  # one there, one back
    lists = [[output for output in loop.outputs if output.dtype == tf.variant] for loop in loops]
    assert sorted(map(len, lists)) == [0, 2]  # none there; back, the gradients of the kernel and of the bias


@pytest.mark.parametrize("in_graph", [False, True])
def test_the_likelihoods_weights_get_the_full_softmaxs_gradient(in_graph, rng):
    likelihood = Multinomial(chunk=4)
    likelihood.build((None, 3), (None, 11))
    for weight in likelihood.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    features = rng.normal(size=(6, 3)).astype(np.float32)
    dense = rng.poisson(1.0, size=(6, 11)).astype(np.float32)
    rows = {"indices": tf.tile(tf.range(11)[None], (6, 1)), "values": tf.constant(dense)}

    def gradients():
        variables = [each.value for each in (likelihood.kernel, likelihood.bias)]
        with tf.GradientTape() as tape:
            loss = -tf.reduce_sum(likelihood(features, rows, training=True))
        return [tf.convert_to_tensor(each) for each in tape.gradient(loss, variables)]

    to_kernel, to_bias = (tf.function(gradients) if in_graph else gradients)()
    kernel, bias = (np.asarray(each, np.float64) for each in (likelihood.kernel, likelihood.bias))
    errors = softmax(features @ kernel.T + bias, axis=1) * dense.sum(axis=1, keepdims=True) - dense
    np.testing.assert_allclose(to_kernel, errors.T @ features, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(to_bias, errors.sum(axis=0), rtol=1e-3, atol=1e-4)


def test_of_a_million_columns_the_rarest_are_drawn_as_often_as_the_proposal_says():
    """Columns of the last tenth, each alone: numbers of 24 bits would leave out a part of them and double others."""
    columns, draws = 1_000_000, 2_000_000
    keras.utils.set_random_seed(0)
    likelihood = Multinomial(samples=draws, seed=0)
    likelihood.columns = columns  # no weights are needed to draw
    drawn = np.asarray(likelihood._drawn())
    rare = np.bincount(drawn, minlength=columns)[900_000:]
    rates = draws * np.log1p(1 / (np.arange(900_000, columns) + 1.0)) / np.log(columns + 1)
    for times in (0, 1, 2):  # Poisson: how many columns are drawn so often
        expected = np.exp(-rates) * rates**times / (1, 1, 2)[times]
        assert (rare == times).sum() == pytest.approx(expected.sum(), abs=5 * np.sqrt(expected.sum()))
