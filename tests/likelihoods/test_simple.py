"""Likelihoods of dense rows against SciPy, tails included."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_expit, log_softmax

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.likelihoods.bernoulli import Bernoulli  # noqa: E402
from zoo.likelihoods.categorical import Categorical  # noqa: E402
from zoo.likelihoods.laplace import Laplace  # noqa: E402
from zoo.likelihoods.normal import Normal  # noqa: E402


class WideLaplace:
    """SciPy's own logpdf takes the logarithm of a density that is 0 in the tails."""

    @staticmethod
    def logpdf(x, loc, scale):
        return -np.abs(x - loc) / scale - np.log(2 * scale)


SHAPES = [((5,), (3,)), ((4, 6, 2), (4, 6, 3)), ((7,), (4, 6, 3))]


def built(likelihood, features, row):
    keras.utils.set_random_seed(0)
    likelihood.build((None, *features), (None, *row))
    return likelihood


def data(rng, features, row):
    return rng.normal(size=(8, *features)).astype(np.float32), rng.normal(size=(8, *row)).astype(np.float32)


@pytest.mark.parametrize(("features", "row"), SHAPES)
@pytest.mark.parametrize(("cls", "distribution"), [(Normal, stats.norm), (Laplace, WideLaplace)])
def test_location_and_scale_are_scipys(cls, distribution, features, row, rng):
    likelihood = built(cls(0.7), features, row)
    h, x = data(rng, features, row)
    expected = (
        distribution.logpdf(x.astype(np.float64), np.asarray(likelihood.mean(h), np.float64), 0.7)
        .reshape(8, -1)
        .sum(axis=1)
    )
    np.testing.assert_allclose(likelihood(h, x), expected, rtol=1e-5)
    far = x + 1e4
    expected = (
        distribution.logpdf(far.astype(np.float64), np.asarray(likelihood.mean(h), np.float64), 0.7)
        .reshape(8, -1)
        .sum(axis=1)
    )
    np.testing.assert_allclose(likelihood(h, far), expected, rtol=1e-4)


def test_features_of_an_images_size_are_read_pixel_by_pixel(rng):
    likelihood = built(Normal(), (4, 6, 2), (4, 6, 3))
    h, _ = data(rng, (4, 6, 2), (4, 6, 3))
    kernel, bias = (np.asarray(each) for each in likelihood.location.dense.weights)
    assert kernel.shape == (2, 3)
    np.testing.assert_allclose(likelihood.mean(h), h @ kernel + bias, atol=1e-5)
    with pytest.raises(ValueError, match="do not fit"):
        built(Normal(), (5, 6, 2), (4, 6, 3))


@pytest.mark.parametrize(("features", "row"), SHAPES)
def test_bernoulli_is_scipys_where_the_logits_are_extreme_too(features, row, rng):
    likelihood = built(Bernoulli(), features, row)
    h, x = data(rng, features, row)
    binary = (x > 0).astype(np.float32)
    for factor in (1.0, 300.0):
        logits = np.asarray(likelihood.logits(factor * h)).astype(np.float64)
        expected = np.where(binary > 0, log_expit(logits), log_expit(-logits)).reshape(8, -1).sum(axis=1)
        # float32 has nothing between 0 and 1e-38
        np.testing.assert_allclose(likelihood(factor * h, binary), expected, rtol=1e-5, atol=1e-37)
        np.testing.assert_allclose(likelihood.mean(factor * h), expit(logits), atol=1e-6)
    shares = np.abs(np.tanh(x))
    logits = np.asarray(likelihood.logits(h)).astype(np.float64)
    expected = (shares * log_expit(logits) + (1 - shares) * log_expit(-logits)).reshape(8, -1).sum(axis=1)
    np.testing.assert_allclose(likelihood(h, shares), expected, rtol=1e-5)


@pytest.mark.parametrize(("features", "row"), SHAPES)
def test_categorical_is_a_softmax_for_each_dimension(features, row, rng):
    likelihood = built(Categorical(5), features, row)
    h, _ = data(rng, features, row)
    x = rng.integers(5, size=(8, *row))
    logits = np.asarray(likelihood.logits(h)).astype(np.float64)
    log_p = log_softmax(logits, axis=-1)
    expected = np.take_along_axis(log_p, x[..., None], axis=-1).reshape(8, -1).sum(axis=1)
    np.testing.assert_allclose(likelihood(h, x.astype(np.float32)), expected, rtol=1e-5)
    np.testing.assert_allclose(likelihood.mean(h), (np.exp(log_p) * np.arange(5)).sum(axis=-1), rtol=1e-5)
    assert np.isneginf(np.asarray(likelihood(h, np.full_like(x, 5)))).all()
    with pytest.raises(ValueError, match="at least 2"):
        Categorical(1)
