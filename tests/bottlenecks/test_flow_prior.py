import numpy as np
import pytest
from scipy import stats

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.flow_prior import FlowPrior  # noqa: E402


def bent(latent_dim, rng, **arguments):
    """A bottleneck whose prior is not N(0, I) any more, and features that are posteriors' locations."""
    layer = FlowPrior(latent_dim, hidden=8, **arguments)
    layer.build((None, latent_dim))
    for net in layer.nets:
        for weight in net.trainable_variables:
            weight.assign(rng.normal(size=weight.shape) * 0.5)
    return layer


@pytest.mark.parametrize("latent_dim", [2, 5, 8])
def test_the_density_is_that_of_the_noise_times_the_change_of_volume(latent_dim, rng):
    layer = bent(latent_dim, rng, couplings=4)
    codes = tf.constant(rng.normal(size=(6, latent_dim)).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        noise, _ = layer.to_noise(codes)
    volumes = np.linalg.slogdet(np.asarray(tape.batch_jacobian(noise, codes), np.float64))[1]
    assert np.abs(volumes).max() > 0.1
    expected = stats.norm.logpdf(np.asarray(noise, np.float64)).sum(axis=1) + volumes
    prior = layer.prior()
    assert (tuple(prior.batch_shape), tuple(prior.event_shape)) == ((), (latent_dim,))
    np.testing.assert_allclose(prior.log_prob(codes), expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(layer.to_code(noise), codes, atol=1e-4)


def test_the_density_of_two_dimensions_adds_up_to_1(rng):
    layer = bent(2, rng, couplings=2)
    side = np.linspace(-12, 12, 601)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype(np.float32)
    total = np.exp(np.asarray(layer.prior().log_prob(grid), np.float64)).sum() * (side[1] - side[0]) ** 2
    assert total == pytest.approx(1.0, abs=0.01)


def test_what_is_drawn_is_noise_that_the_couplings_bend(rng):
    layer = bent(3, rng)
    prior = layer.prior()
    codes = prior.sample(4000, seed=[1, 2])
    noise = np.asarray(layer.to_noise(codes)[0])
    assert stats.kstest(noise.ravel(), "norm").pvalue > 0.001
    np.testing.assert_array_equal(codes, prior.sample(4000, seed=[1, 2]))
    assert tuple(prior.sample(seed=[1, 2]).shape) == (3,)


def test_each_dimension_is_changed_by_two_couplings(rng):
    layer = bent(7, rng, couplings=2)
    codes = rng.normal(size=(5, 7)).astype(np.float32)
    noise = np.asarray(layer.to_noise(codes)[0])
    back = np.argsort(layer.orders[0][layer.orders[1]])
    assert (np.abs(noise[:, back] - codes).max(axis=0) > 1e-3).all()


def test_it_starts_as_the_standard_normal_and_learns(rng):
    layer = FlowPrior(4, weight=0.5, seed=1)
    layer.build((None, 4))
    codes = rng.normal(size=(9, 4)).astype(np.float32)
    np.testing.assert_allclose(layer.prior().log_prob(codes), stats.norm.logpdf(codes).sum(axis=1), rtol=1e-4)
    with tf.GradientTape() as tape:
        outputs = layer(codes, training=True)
        cost = tf.reduce_sum(outputs["cost"])
    np.testing.assert_allclose(outputs["cost"], 0.5 * np.asarray(outputs["rate"]), rtol=1e-6)
    last = layer.nets[0].layers[-1].kernel
    assert np.abs(np.asarray(tape.gradient(cost, last.value))).max() > 0
    assert layer.rates(codes) is None


@pytest.mark.parametrize("arguments", [{"latent_dim": 1}, {"couplings": 0}, {"hidden": 0}, {"weight": -1.0}])
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must"):
        FlowPrior(**{"latent_dim": 2, **arguments})
