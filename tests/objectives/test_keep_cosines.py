import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import softmax
from sklearn.metrics.pairwise import cosine_similarity

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.objectives.keep_cosines import KeepCosines  # noqa: E402


def by_hand(target, code, temperature):
    cosines = cosine_similarity(target)
    errors = (cosine_similarity(code) - cosines) ** 2
    scores = np.zeros_like(cosines) if temperature is None else cosines / temperature
    np.fill_diagonal(scores, -np.inf)
    return (softmax(scores, axis=1) * errors).sum(axis=1)


@pytest.mark.parametrize("temperature", [None, 1.0, 0.1, 0.02])
def test_the_term_is_what_its_formula_says(temperature, rng):
    target, code = rng.normal(size=(20, 6)).astype(np.float32), rng.normal(size=(20, 3)).astype(np.float32)
    term = KeepCosines(2.5, temperature)
    expected = 2.5 * by_hand(target.astype(float), code.astype(float), temperature)
    np.testing.assert_allclose(term(target, code), expected, rtol=1e-3)
    np.testing.assert_allclose(term(5 * target, 0.1 * code), expected, rtol=1e-3)  # cosines know no length
    np.testing.assert_allclose(term(target, target), np.zeros(20), atol=1e-10)


@pytest.mark.parametrize("temperature", [None, 0.1])
def test_its_gradient_is_that_of_the_formula(temperature, rng):
    target, code = rng.normal(size=(8, 6)), rng.normal(size=(8, 3))
    weights = rng.uniform(size=8)  # of the rows
    variable = tf.Variable(code, dtype="float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(weights.astype(np.float32) * KeepCosines(2.5, temperature)(target, variable))
    expected = approx_fprime(
        code.ravel(), lambda flat: 2.5 * weights @ by_hand(target, flat.reshape(code.shape), temperature), 1e-6
    )
    np.testing.assert_allclose(tape.gradient(loss, variable), expected.reshape(code.shape), rtol=1e-3, atol=1e-4)


def test_a_row_alone_has_nothing_to_keep(rng):
    for temperature in (None, 0.1):
        row = rng.normal(size=(1, 4)).astype(np.float32)
        np.testing.assert_array_equal(KeepCosines(1.0, temperature)(row, row + 1), [0])


def test_rows_of_zeros_give_a_finite_term():
    rows = np.zeros((4, 3), np.float32)
    assert np.isfinite(np.asarray(KeepCosines(1.0, 0.1)(rows, rows))).all()


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="negative"):
        KeepCosines(-1)
    with pytest.raises(ValueError, match="positive"):
        KeepCosines(1, temperature=0)
