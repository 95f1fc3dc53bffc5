"""The weights of the cosine term at any temperature, against SciPy's softmax in float64."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics.pairwise import cosine_similarity

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.objectives.keep_cosines import KeepCosines  # noqa: E402


@pytest.mark.parametrize("temperature", [1e-3, 0.005, 0.01, 0.05, 100.0])
def test_weights_are_a_softmax_however_far_the_nearest_row_is(temperature):
    rng = np.random.default_rng(1)
    target, code = rng.normal(size=(12, 40)).astype(np.float32), rng.normal(size=(12, 3)).astype(np.float32)
    cosines = cosine_similarity(target.astype(np.float64))
    assert np.max(cosines - np.eye(12)) < 0.6  # nobody has a near neighbour
    scores = cosines / temperature
    np.fill_diagonal(scores, -np.inf)
    errors = (cosine_similarity(code.astype(np.float64)) - cosines) ** 2
    expected = (softmax(scores, axis=1) * errors).sum(axis=1)
    np.testing.assert_allclose(KeepCosines(1.0, temperature)(target, code), expected, rtol=5e-3, atol=1e-6)


def test_the_gradient_leads_the_codes_to_the_targets_cosines():
    target = np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    code, term = tf.Variable(target[:, ::-1] + 1.0), KeepCosines(1.0)
    before = float(tf.reduce_mean(term(target, code)))
    for _ in range(150):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(term(target, code))
        code.assign_sub(3.0 * tape.gradient(loss, code))
    assert float(loss) < 0.01 * before
    assert term(target, code).shape == (6,)


def test_rows_in_another_order_have_the_same_terms_in_that_order():
    rng = np.random.default_rng(2)
    target, code = rng.normal(size=(9, 5)).astype(np.float32), rng.normal(size=(9, 2)).astype(np.float32)
    order = rng.permutation(9)
    term = KeepCosines(1.0, 0.2)
    np.testing.assert_allclose(term(target[order], code[order]), np.asarray(term(target, code))[order], rtol=1e-5)
