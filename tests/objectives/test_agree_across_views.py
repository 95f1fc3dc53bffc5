"""Agreement of views against the papers' formulas in NumPy, float64."""

import numpy as np
import pytest
from scipy.special import log_softmax
from sklearn.metrics.pairwise import cosine_similarity

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.objectives.agree_across_views import AgreeAcrossViews  # noqa: E402


def nt_xent(first, second, temperature):
    """Chen et al. 2020, eq. 1, both directions of each pair averaged: every code against all 2n - 1 others."""
    count = len(first)
    scores = cosine_similarity(np.concatenate([first, second]).astype(np.float64)) / temperature
    np.fill_diagonal(scores, -np.inf)
    shares = log_softmax(scores, axis=1)
    rows = np.arange(count)
    return -0.5 * (shares[rows, rows + count] + shares[rows + count, rows])


def vicreg(first, second):
    """Bardes et al. 2022, eq. 1 to 6, with its weights 25, 25, 1 and the mean over dimensions for invariance."""
    first, second = first.astype(np.float64), second.astype(np.float64)
    total = 25 * ((first - second) ** 2).mean(axis=1)
    for codes in (first, second):
        covariance = np.cov(codes.T)
        deviations = np.sqrt(np.diag(covariance) + 1e-4)
        total += 25 * np.maximum(0, 1 - deviations).mean()
        total += (covariance[~np.eye(len(covariance), dtype=bool)] ** 2).sum() / len(covariance)
    return total


def codes(rng, count=16, width=5, scale=1.0):
    first = scale * rng.normal(size=(count, width))
    return first.astype(np.float32), (first + 0.4 * scale * rng.normal(size=first.shape)).astype(np.float32)


@pytest.mark.parametrize("temperature", [1.0, 0.2, 0.02])
def test_infonce_is_nt_xent_over_both_views(temperature, rng):
    first, second = codes(rng)
    term = AgreeAcrossViews("infonce", 2.0, temperature)
    expected = 2 * nt_xent(first, second, temperature)
    got = term(None, first, second)
    assert got.shape == (16,)
    np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(term(None, second, first), expected, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(term(None, 7 * first, 0.1 * second), expected, rtol=1e-3, atol=1e-4)


def test_without_any_information_a_partner_is_one_of_2n_minus_1(rng):
    same = np.tile(rng.normal(size=(1, 4)).astype(np.float32), (9, 1))
    np.testing.assert_allclose(AgreeAcrossViews(temperature=0.1)(None, same, same), np.log(2 * 9 - 1), rtol=1e-4)


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_vicreg_is_the_papers(scale, rng):
    first, second = codes(rng, scale=scale)
    got = AgreeAcrossViews("vicreg", 0.5)(None, first, second)
    np.testing.assert_allclose(got, 0.5 * vicreg(first, second), rtol=1e-4)


def test_vicreg_asks_nothing_of_views_that_agree_and_spread_without_correlation():
    spread = 2 * np.asarray([[1, 1], [1, -1], [-1, 1], [-1, -1]], np.float32)
    np.testing.assert_allclose(AgreeAcrossViews("vicreg")(None, spread, spread), 0, atol=1e-6)
    collapsed = AgreeAcrossViews("vicreg")(None, np.ones((4, 2), np.float32), np.ones((4, 2), np.float32))
    np.testing.assert_allclose(collapsed, 2 * 25 * (1 - np.sqrt(1e-4)), rtol=1e-5)


@pytest.mark.parametrize("kind", ["infonce", "vicreg"])
@pytest.mark.parametrize("count", [1, 2, 6])
def test_collapsed_and_zero_codes_give_finite_values_and_gradients(kind, count):
    for rows in (np.zeros((count, 3), np.float32), np.ones((count, 3), np.float32)):
        first, second = tf.Variable(rows), tf.Variable(rows)
        with tf.GradientTape() as tape:
            each = AgreeAcrossViews(kind, temperature=0.01)(None, first, second)
        assert np.isfinite(each).all()
        for gradient in tape.gradient(each, [first, second]):
            assert np.isfinite(np.asarray(gradient)).all()


def test_a_row_alone_has_nothing_to_differ_from(rng):
    first, second = codes(rng, count=1)
    np.testing.assert_allclose(AgreeAcrossViews()(None, first, second), [0], atol=1e-5)
    alone = AgreeAcrossViews("vicreg")(None, first, second)
    spread = 2 * 25 * (1 - np.sqrt(1e-4))
    np.testing.assert_allclose(alone, 25 * ((first - second) ** 2).mean(axis=1) + spread, rtol=1e-4)


def test_steps_down_the_gradient_bring_partners_together(rng):
    first, second = (tf.Variable(each) for each in codes(rng))
    for kind in ("infonce", "vicreg"):
        term = AgreeAcrossViews(kind)
        values = []
        for _ in range(20):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(term(None, first, second))
            values.append(float(loss))
            for variable, gradient in zip((first, second), tape.gradient(loss, [first, second]), strict=True):
                variable.assign_sub(0.1 * gradient)
        assert values[-1] < values[0]


def test_what_the_view_is_of_follows_the_argument():
    assert AgreeAcrossViews().view == "corruption"
    assert AgreeAcrossViews(of="neighbour", neighbours=7).view == "neighbour"
    assert AgreeAcrossViews(of="neighbour", neighbours=7).neighbours == 7


def test_shorter_number_types_are_computed_in_float32(rng):
    first, second = (tf.cast(each, tf.bfloat16) for each in codes(rng))
    got = AgreeAcrossViews(temperature=0.05)(None, first, second)
    assert got.dtype == tf.float32
    exact = nt_xent(tf.cast(first, tf.float32).numpy(), tf.cast(second, tf.float32).numpy(), 0.05)
    np.testing.assert_allclose(got, exact, rtol=1e-3, atol=1e-4)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="weight must not be negative"):
        AgreeAcrossViews(weight=-1)
    for temperature in (0.0, -0.1):
        with pytest.raises(ValueError, match="temperature must be positive"):
            AgreeAcrossViews(temperature=temperature)
