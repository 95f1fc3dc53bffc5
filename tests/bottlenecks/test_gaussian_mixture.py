import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp, softmax

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.gaussian_mixture import GaussianMixture  # noqa: E402
from zoo.errors import InputError  # noqa: E402

LOCS = np.asarray([[0.0, 0.5], [2.0, -1.0], [-4.0, 3.0]])
SCALES = np.asarray([[1.0, 0.5], [0.2, 2.0], [0.7, 0.1]])
MEANS = np.asarray([[0.0, 0.0], [1.5, -1.0], [-3.0, 2.0], [0.3, 0.2]])
SPREADS = np.asarray([[1.0, 1.0], [0.5, 2.0], [1.5, 0.4], [3.0, 1.0]])
SHARES = np.asarray([0.4, 0.3, 0.2, 0.1])


def unsoftplus(scale):
    raised = np.asarray(scale, np.float64) - 1e-4  # the smallest scale is added to the softplus
    return raised + np.log(-np.expm1(-raised))


def with_mixture(locs, scales, means, spreads, shares, **arguments):
    """A bottleneck and one-hot features whose posteriors are N(locs, scales^2) and whose prior is the mixture."""
    locs, means = np.asarray(locs, np.float64), np.asarray(means, np.float64)
    layer = GaussianMixture(locs.shape[1], len(means), **arguments)
    layer.build((None, len(locs)))
    layer.loc.kernel.assign(locs)
    layer.raw_scale.kernel.assign(unsoftplus(scales))
    layer.means.assign(means)
    layer.raw_scales.assign(unsoftplus(spreads))
    layer.logits.assign(np.log(shares))
    return layer, np.eye(len(locs), dtype=np.float32)


def gaussian_kl(loc, scale, mean, spread):
    """KL(N(loc, scale^2) || N(mean, spread^2)) in float64, per dimension."""
    return np.log(spread / scale) + (scale**2 + (loc - mean) ** 2) / (2 * spread**2) - 0.5


def component_kls(locs, scales, means, spreads):
    """[rows, components, dimensions]."""
    return gaussian_kl(locs[:, None], scales[:, None], means[None], spreads[None])


def sampled_kl(loc, scale, count=200_000):
    """Monte Carlo estimate of KL(q || the mixture) by plain SciPy, and its standard error."""
    z = loc + scale * np.random.default_rng(3).normal(size=(count, len(loc)))
    log_q = stats.norm.logpdf(z, loc, scale).sum(axis=1)
    parts = np.stack([stats.norm.logpdf(z, m, s).sum(axis=1) for m, s in zip(MEANS, SPREADS, strict=True)], axis=1)
    each = log_q - logsumexp(parts + np.log(SHARES), axis=1)
    return each.mean(), each.std() / np.sqrt(count)


def test_the_rate_is_the_bound_of_the_best_cluster_distribution():
    layer, features = with_mixture(LOCS, SCALES, MEANS, SPREADS, SHARES)
    each = component_kls(LOCS, SCALES, MEANS, SPREADS).sum(axis=-1)
    chosen = softmax(np.log(SHARES) - each, axis=1)

    def bound(q):
        return (q * (each + np.log(q / SHARES))).sum(axis=1)

    rate = np.asarray(layer(features)["rate"], np.float64)
    np.testing.assert_allclose(rate, bound(chosen), rtol=1e-4)
    for nudge in np.random.default_rng(0).normal(size=(20, 4)):  # no other choice of clusters gives a smaller one
        assert (bound(softmax(np.log(chosen) + nudge, axis=1)) >= rate - 1e-4).all()


def test_the_rate_bounds_the_divergence_that_sampling_estimates():
    layer, features = with_mixture(LOCS, SCALES, MEANS, SPREADS, SHARES)
    rates = np.asarray(layer(features)["rate"])
    for rate, loc, scale in zip(rates, LOCS, SCALES, strict=True):
        estimate, error = sampled_kl(loc, scale)
        assert estimate - 4 * error < rate < estimate + 0.7  # log of the clusters that overlap is the most it can miss


def test_the_rate_is_the_divergence_where_clusters_lie_far_apart():
    means = np.asarray([[0.0, 0.0], [60.0, 0.0], [0.0, 60.0]])
    spreads, shares = np.ones((3, 2)), np.asarray([0.5, 0.2, 0.3])
    locs, scales = means + np.asarray([0.5, -0.5]), np.full((3, 2), 0.3)
    layer, features = with_mixture(locs, scales, means, spreads, shares)
    expected = gaussian_kl(locs, scales, means, 1.0).sum(axis=1) - np.log(shares)
    np.testing.assert_allclose(layer(features)["rate"], expected, rtol=1e-4)


@pytest.mark.parametrize("components", [1, 4])
def test_the_rate_is_the_closed_form_where_clusters_coincide(components):
    means, spreads = np.tile([[1.0, -1.0]], (components, 1)), np.tile([[0.5, 2.0]], (components, 1))
    layer, features = with_mixture(LOCS, SCALES, means, spreads, np.full(components, 1 / components))
    expected = gaussian_kl(LOCS, SCALES, means[0], spreads[0])
    np.testing.assert_allclose(layer.rates(features), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(layer(features)["rate"], expected.sum(axis=1), rtol=1e-4, atol=1e-5)


def test_rates_of_dimensions_leave_out_what_the_cluster_costs():
    layer, features = with_mixture(LOCS, SCALES, MEANS, SPREADS, SHARES)
    each = component_kls(LOCS, SCALES, MEANS, SPREADS)
    chosen = softmax(np.log(SHARES) - each.sum(axis=-1), axis=1)
    rates = np.asarray(layer.rates(features))
    np.testing.assert_allclose(rates, np.einsum("bc,bcd->bd", chosen, each), rtol=1e-4)
    cluster = (chosen * np.log(chosen / SHARES)).sum(axis=1)
    np.testing.assert_allclose(layer(features)["rate"], rates.sum(axis=1) + cluster, rtol=1e-4)


def test_the_prior_and_the_clusters_of_codes_are_those_of_scikit_learn():
    from sklearn.mixture import GaussianMixture as Reference

    layer, features = with_mixture(LOCS, SCALES, MEANS, SPREADS, SHARES)
    reference = Reference(4, covariance_type="diag")
    reference.weights_, reference.means_, reference.covariances_ = SHARES, MEANS, SPREADS**2
    reference.precisions_cholesky_ = 1 / SPREADS
    np.testing.assert_allclose(layer.assign(features), reference.predict_proba(LOCS), atol=1e-5)
    prior = layer.prior()
    assert (tuple(prior.batch_shape), tuple(prior.event_shape)) == ((), (2,))
    codes = np.random.default_rng(1).normal(size=(50, 2)) * 3
    np.testing.assert_allclose(prior.log_prob(codes.astype(np.float32)), reference.score_samples(codes), rtol=1e-4)


def test_free_bits_cost_what_the_batch_mean_of_the_rates_falls_short():
    layer, features = with_mixture(LOCS, SCALES, MEANS, SPREADS, SHARES, weight=0.5, free_bits=3.0)
    outputs, rates = layer(features), np.asarray(layer.rates(features))
    missing = np.maximum(3.0 - rates.mean(axis=0), 0).sum()
    assert missing > 0
    np.testing.assert_allclose(outputs["cost"], 0.5 * (np.asarray(outputs["rate"]) + missing), rtol=1e-5)


def test_codes_are_means_and_samples_follow_the_posterior():
    layer, one = with_mixture([[1.0, -2.0]], [[0.5, 2.0]], MEANS, SPREADS, SHARES, seed=1)
    outputs = layer(np.repeat(one, 20_000, axis=0), training=True)
    np.testing.assert_allclose(outputs["code"][0], [1.0, -2.0], atol=1e-6)
    sample = np.asarray(outputs["sample"])
    assert (np.abs(sample.mean(axis=0) - [1.0, -2.0]) < 5 * np.asarray([0.5, 2.0]) / np.sqrt(20_000)).all()
    np.testing.assert_allclose(sample.std(axis=0), [0.5, 2.0], rtol=0.03)
    calm = layer(one)["sample"]
    np.testing.assert_array_equal(layer(one)["sample"], calm)


def test_clusters_start_spread_and_equal_and_follow_the_seed():
    layers = [GaussianMixture(20, 30, spread=spread, seed=seed) for spread, seed in ((1.0, 1), (3.0, 2), (1.0, 1))]
    for layer in layers:
        layer.build((None, 3))
    first, wide, same = (np.asarray(layer.means) for layer in layers)
    assert abs(first.std() - 1) < 0.1
    assert abs(wide.std() - 3) < 0.3
    np.testing.assert_array_equal(first, same)
    np.testing.assert_allclose(
        layers[0].prior().components_distribution.distribution.scale, np.ones((30, 20)), rtol=1e-5
    )
    np.testing.assert_array_equal(layers[0].logits, np.zeros(30))


def test_the_prior_is_fitted_to_codes_that_fall_into_clusters(rng):
    centres, spreads = np.asarray([[8.0, 0.0], [-8.0, 0.0], [0.0, 8.0]]), np.asarray([0.3, 1.0, 2.0])
    clusters = rng.choice(3, size=3000, p=[0.2, 0.3, 0.5])
    codes = centres[clusters] + rng.normal(size=(3000, 2)) * spreads[clusters, None]
    layer = GaussianMixture(2, 3, seed=1)
    layer.build((None, 2))
    layer.adapt_prior(codes.astype(np.float32))
    prior = layer.prior()
    means = np.asarray(prior.components_distribution.distribution.loc)
    order = [int(np.argmin(np.linalg.norm(means - centre, axis=1))) for centre in centres]
    np.testing.assert_allclose(means[order], centres, atol=0.2)
    scales = np.asarray(prior.components_distribution.distribution.scale)[order]
    np.testing.assert_allclose(scales, np.tile(spreads[:, None], (1, 2)), rtol=0.1)
    shares = np.asarray(prior.mixture_distribution.probs_parameter())[order]
    np.testing.assert_allclose(shares, np.bincount(clusters) / 3000, atol=0.01)
    again = GaussianMixture(2, 3, seed=1)
    again.build((None, 2))
    again.adapt_prior(codes.astype(np.float32))
    np.testing.assert_array_equal(again.means, layer.means)


def test_shares_that_are_not_learnt_stay_equal(rng):
    layer = GaussianMixture(2, 3, learn_shares=False)
    layer.build((None, 2))
    layer.adapt_prior(rng.normal(size=(200, 2)).astype(np.float32))
    np.testing.assert_array_equal(layer.logits, np.zeros(3))
    assert layer.logits.path not in [weight.path for weight in layer.trainable_variables]


def test_codes_that_are_all_alike_leave_a_prior_that_is_finite():
    layer = GaussianMixture(2, 3)
    layer.build((None, 2))
    layer.adapt_prior(np.ones((20, 2), np.float32))
    assert np.isfinite(np.asarray(layer(np.ones((4, 2), np.float32))["rate"])).all()


def test_the_loss_keeps_its_meaning_once_the_prior_was_fitted():
    assert GaussianMixture(2, 3, fit_epoch=5).settled_epoch == 5
    assert GaussianMixture(2, 3, warmup_epochs=9, fit_epoch=5).settled_epoch == 8
    assert GaussianMixture(2, 3).settled_epoch == 0


def test_a_far_row_has_finite_rates_and_gradients():
    layer, features = with_mixture([[1e3, -1e3]], [[1e-3, 50.0]], MEANS, SPREADS, SHARES)
    with tf.GradientTape() as tape:
        rate = layer(features)["rate"]
    gradients = tape.gradient(rate, [weight.value for weight in layer.trainable_variables])
    assert np.isfinite(np.asarray(rate)).all()
    assert all(np.isfinite(np.asarray(gradient)).all() for gradient in gradients)


def test_codes_that_no_prior_can_be_fitted_to_are_refused():
    layer = GaussianMixture(2, 5)
    layer.build((None, 2))
    with pytest.raises(InputError, match=r"4 rows cannot make 5 clusters.*model.bottleneck.components=4"):
        layer.adapt_prior(np.zeros((4, 2), np.float32))
    with pytest.raises(InputError, match="1 of 9 codes are not finite"):
        layer.adapt_prior(np.concatenate([np.zeros((8, 2)), [[np.nan, 0]]]).astype(np.float32))
    with pytest.raises(ValueError, match=r"codes \[n, 2\], not \(9, 3\)"):
        layer.adapt_prior(np.zeros((9, 3), np.float32))


@pytest.mark.parametrize(
    "arguments", [{"components": 0}, {"free_bits": -1.0}, {"fit_epoch": -1}, {"spread": 0.0}, {"weight": -1.0}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must"):
        GaussianMixture(2, **{"components": 2, **arguments})
