import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.vamp_prior import VampPrior  # noqa: E402

LOCS = np.asarray([[0.0, 0.5], [2.0, -1.0], [-4.0, 3.0]])
SCALES = np.asarray([[1.0, 0.5], [0.2, 2.0], [0.7, 0.1]])


def with_posteriors(locs, scales, components, **arguments):
    """A bottleneck and one-hot features whose posteriors are N(locs, scales^2)."""
    layer = VampPrior(locs.shape[1], components, **arguments)
    layer.build((None, len(locs)), (None, 4))
    raised = np.asarray(scales) - 1e-4  # the smallest scale is added to the softplus
    layer.loc.kernel.assign(locs)
    layer.raw_scale.kernel.assign(raised + np.log(-np.expm1(-raised)))
    return layer, np.eye(len(locs), dtype=np.float32)


def log_prior(z, pseudo):
    """log of the mean over the chosen rows of N(z; locs, scales^2), by SciPy."""
    parts = [stats.norm.logpdf(z, LOCS[row], SCALES[row]).sum(axis=-1) for row in pseudo]
    return logsumexp(np.stack(parts, axis=-1), axis=-1) - np.log(len(pseudo))


def test_the_prior_is_the_mean_of_the_posteriors_of_the_pseudo_inputs(rng):
    layer, features = with_posteriors(LOCS, SCALES, 2)
    prior = layer.prior(features[[0, 2]])
    assert (tuple(prior.batch_shape), tuple(prior.event_shape)) == ((), (2,))
    codes = rng.normal(size=(50, 2)) * 3
    np.testing.assert_allclose(prior.log_prob(codes.astype(np.float32)), log_prior(codes, [0, 2]), rtol=1e-4)


def test_the_rate_is_that_of_the_sample_which_the_decoder_sees():
    layer, features = with_posteriors(LOCS, SCALES, 2, weight=0.5, seed=1)
    for training in (False, True):
        outputs = layer(features, training=training, pseudo=features[:2])
        z = np.asarray(outputs["sample"], np.float64)
        expected = stats.norm.logpdf(z, LOCS, SCALES).sum(axis=1) - log_prior(z, [0, 1])
        np.testing.assert_allclose(outputs["rate"], expected, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(outputs["cost"], 0.5 * np.asarray(outputs["rate"]), rtol=1e-6)


def test_the_mean_rate_is_the_closed_form_with_one_component():
    layer, features = with_posteriors(LOCS, SCALES, 1, seed=1)
    rates = np.asarray(layer(np.repeat(features[:1], 40_000, axis=0), training=True, pseudo=features[1:2])["rate"])
    (l0, l1), (s0, s1) = LOCS[:2], SCALES[:2]
    expected = (np.log(s1 / s0) + (s0**2 + (l0 - l1) ** 2) / (2 * s1**2) - 0.5).sum()
    assert abs(rates.mean() - expected) < 5 * rates.std() / np.sqrt(40_000)


def test_a_row_that_is_the_only_pseudo_input_costs_nothing():
    layer, features = with_posteriors(LOCS, SCALES, 1)
    np.testing.assert_allclose(layer(features[:1], pseudo=features[:1])["rate"], [0.0], atol=1e-5)


def test_pseudo_inputs_have_the_shape_of_rows_and_are_learnt():
    layer = VampPrior(3, 40, pseudo_mean=-2.0, pseudo_scale=0.5, seed=1)
    layer.build((None, 7), (None, 5, 6, 2))
    rows = np.asarray(layer.pseudo_inputs)
    assert rows.shape == (40, 5, 6, 2)
    assert abs(rows.mean() + 2) < 0.05
    assert abs(rows.std() - 0.5) < 0.05
    assert layer.needs_rows
    assert layer.rows.path in [weight.path for weight in layer.trainable_variables]
    layer, features = with_posteriors(LOCS, SCALES, 2)
    with tf.GradientTape() as tape:
        seen = tf.matmul(layer.pseudo_inputs, np.ones((4, 3), np.float32))  # some encoder
        cost = tf.reduce_sum(layer(features, pseudo=seen)["cost"])
    assert np.abs(np.asarray(tape.gradient(cost, layer.rows.value))).max() > 0


def test_codes_are_means_and_evaluation_repeats_itself():
    layer, features = with_posteriors(LOCS, SCALES, 2)
    state = np.asarray(layer.noise.state)
    first, again = (layer(features, pseudo=features[:2]) for _ in range(2))
    np.testing.assert_allclose(first["code"], LOCS, atol=1e-6)
    np.testing.assert_allclose(layer.encode(features), LOCS, atol=1e-6)
    np.testing.assert_array_equal(first["rate"], again["rate"])
    np.testing.assert_array_equal(np.asarray(layer.noise.state), state)
    assert layer.rates(features) is None
    other = layer(features, training=True, pseudo=features[:2])["sample"]
    assert np.abs(np.asarray(other) - np.asarray(first["sample"])).max() > 0.01


def test_without_encoded_pseudo_inputs_there_is_no_prior():
    layer, features = with_posteriors(LOCS, SCALES, 2)
    for attempt in (layer.prior, lambda: layer(features)):
        with pytest.raises(ValueError, match="needs `pseudo`"):
            attempt()


@pytest.mark.parametrize("arguments", [{"components": 0}, {"pseudo_scale": 0.0}, {"weight": -1.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must"):
        VampPrior(2, **{"components": 2, **arguments})
