"""The multinomial likelihood against NumPy, and the sampled softmax against the full one."""

from functools import partial

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.special import log_softmax

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._cells import padded

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.likelihoods.multinomial import Multinomial  # noqa: E402

COLUMNS, WIDTH = 60, 4


@pytest.fixture
def baskets(rng):
    return csr_array(rng.poisson(np.linspace(0.6, 0.05, COLUMNS), size=(10, COLUMNS)).astype(np.float32))


@pytest.fixture
def features(rng):
    return rng.normal(size=(10, WIDTH)).astype(np.float32)


def given(baskets):
    return {name: tf.constant(array) for name, array in padded(baskets).items()}


def built(**arguments):
    keras.utils.set_random_seed(0)
    likelihood = Multinomial(**arguments)
    likelihood.build((None, WIDTH), (None, COLUMNS))
    random = np.random.default_rng(1)
    likelihood.kernel.assign(random.normal(size=(COLUMNS, WIDTH)))
    likelihood.bias.assign(random.normal(size=COLUMNS))
    return likelihood


def exact(likelihood, features, baskets):
    kernel, bias = np.asarray(likelihood.kernel, np.float64), np.asarray(likelihood.bias, np.float64)
    return (baskets.toarray() * log_softmax(features.astype(np.float64) @ kernel.T + bias, axis=1)).sum(axis=1)


@pytest.mark.parametrize("chunk", [1, 7, 60, 8192])
@pytest.mark.parametrize("scale", [1.0, 200.0])
def test_it_is_exact_in_chunks_of_any_size_and_in_the_tails(chunk, scale, features, baskets):
    likelihood = built(chunk=chunk)
    expected = exact(likelihood, scale * features, baskets)
    np.testing.assert_allclose(likelihood(scale * features, given(baskets)), expected, rtol=1e-5)
    graph = tf.function(lambda h: likelihood(h, given(baskets)))
    np.testing.assert_allclose(graph(scale * features), expected, rtol=1e-5)


def test_the_mean_is_the_softmax(features):
    likelihood = built()
    logits = features @ np.asarray(likelihood.kernel).T + np.asarray(likelihood.bias)
    np.testing.assert_allclose(likelihood.mean(features), np.exp(log_softmax(logits, axis=1)), rtol=1e-4)


def gradient(likelihood, features, baskets, *, training):
    with tf.GradientTape() as tape:
        loss = -tf.reduce_sum(likelihood(tf.constant(features), given(baskets), training=training))
    kernel = tape.gradient(loss, likelihood.kernel.value)
    return kernel if training and likelihood.samples else tf.convert_to_tensor(kernel)


def _dense_gradient(likelihood, features, baskets):
    return tf.convert_to_tensor(gradient(likelihood, features, baskets, training=True))


@pytest.mark.parametrize("proposal", ["log_uniform", "empirical"])
def test_the_sampled_gradient_is_on_average_the_full_one(proposal, features, baskets):
    full = gradient(built(), features, baskets, training=True).numpy()
    errors = {}
    for samples, repeats in ((30, 200), (3000, 200)):
        likelihood = built(samples=samples, proposal=proposal, seed=3)
        likelihood.adapt(lambda: [(baskets, np.ones(10, np.float32))])
        draw = tf.function(partial(_dense_gradient, likelihood, features, baskets))
        drawn = np.stack([draw() for _ in range(repeats)])
        mean, error = drawn.mean(axis=0), drawn.std(axis=0) / np.sqrt(repeats)
        errors[samples] = np.linalg.norm(mean - full) / np.linalg.norm(full)
        if samples == 3000:  # the logarithm of an estimate is biased by a share of 1 / samples; here it is far below
            assert np.mean(np.abs(mean - full) < 4 * error + 2e-3 * np.abs(full).max()) > 0.99
    assert errors[3000] < errors[30] / 10  # the bias falls a hundredfold, the noise of the mean tenfold at least


def test_the_sampled_gradient_touches_only_drawn_and_present_columns(features, baskets):
    likelihood = built(samples=5, seed=1)
    slices = gradient(likelihood, features[:1], baskets[:1], training=True)
    assert isinstance(slices, tf.IndexedSlices)
    assert len(np.unique(slices.indices)) <= 5 + baskets[:1].nnz + 1  # padding points at column 0
    assert not isinstance(gradient(built(), features, baskets, training=True), tf.IndexedSlices)


def test_evaluation_is_exact_whatever_training_samples(features, baskets):
    likelihood = built(samples=5)
    np.testing.assert_allclose(likelihood(features, given(baskets)), exact(likelihood, features, baskets), rtol=1e-5)
    assert (
        np.abs(
            np.asarray(likelihood(features, given(baskets), training=True)) - exact(likelihood, features, baskets)
        ).max()
        > 0.01
    )


def test_draws_follow_the_proposal(baskets):
    likelihood = built(samples=20_000, seed=0)
    shares = np.bincount(np.asarray(likelihood._drawn()), minlength=COLUMNS) / 20_000
    places = np.arange(COLUMNS)
    expected = np.log((places + 2) / (places + 1)) / np.log(COLUMNS + 1)
    np.testing.assert_allclose(shares, expected, atol=0.012)
    np.testing.assert_allclose(np.exp(likelihood._log_expected(tf.range(COLUMNS))) / 20_000, expected, rtol=1e-4)
    likelihood = built(samples=20_000, proposal="empirical", seed=0)
    likelihood.adapt(lambda: [(baskets, np.full(10, 2.0, np.float32))])
    counts = 1 + 2 * baskets.toarray().sum(axis=0)
    np.testing.assert_allclose(
        np.bincount(np.asarray(likelihood._drawn()), minlength=COLUMNS) / 20_000, counts / counts.sum(), atol=0.012
    )
    np.testing.assert_allclose(
        np.exp(likelihood._log_expected(tf.range(COLUMNS))) / 20_000, counts / counts.sum(), rtol=1e-3
    )


def test_rows_that_are_no_counts_are_refused(baskets):
    baskets.data[3] = -2.5
    with pytest.raises(InputError, match=r"takes counts, and the rows hold -2\.5: give counts"):
        built().adapt(lambda: [(baskets, np.ones(10, np.float32))])
