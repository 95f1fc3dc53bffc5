import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402


def with_posterior(loc, scale, **arguments):
    """A bottleneck whose posterior is N(loc, scale^2) for every row, whatever its features."""
    layer = Gaussian(len(loc), **arguments)
    layer.build((None, 3))
    layer.loc.kernel.assign(np.zeros((3, len(loc))))
    layer.loc.bias.assign(loc)
    layer.raw_scale.kernel.assign(np.zeros((3, len(loc))))
    layer.raw_scale.bias.assign(np.log(np.expm1(np.asarray(scale, np.float64) - 1e-4)))  # the inverse of softplus
    return layer


def closed_form(loc, scale):
    """KL(N(loc, scale^2) || N(0, 1)) in nats per dimension, in float64 (Kingma and Welling 2014, appendix B)."""
    loc, scale = np.asarray(loc, np.float64), np.asarray(scale, np.float64)
    return 0.5 * (loc**2 + scale**2 - 1 - 2 * np.log(scale))


@pytest.mark.parametrize(
    ("loc", "scale"),
    [([0.0, 0.0], [1.0, 1.0]), ([1.5, -2.0], [0.3, 2.0]), ([50.0, -50.0], [1e-3, 30.0]), ([0.0, 1e-3], [1.001, 0.999])],
)
def test_rate_is_the_closed_form_summed_over_dimensions(loc, scale):
    layer, features = with_posterior(loc, scale), np.ones((4, 3), np.float32)
    expected = closed_form(loc, scale)
    np.testing.assert_allclose(layer.rates(features), np.tile(expected, (4, 1)), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer(features)["rate"], np.full(4, expected.sum()), rtol=1e-4, atol=1e-6)


def test_cost_is_the_weighted_rate():
    layer, features = with_posterior([1.0, 2.0], [0.5, 0.5], weight=0.25), np.ones((3, 3), np.float32)
    outputs = layer(features)
    np.testing.assert_allclose(outputs["cost"], 0.25 * outputs["rate"], rtol=1e-6)


def test_the_code_is_the_mean_and_the_sample_is_drawn_around_it():
    layer, features = with_posterior([1.0, -2.0], [0.5, 2.0]), np.ones((20_000, 3), np.float32)
    outputs = layer(features, training=True)
    np.testing.assert_allclose(outputs["code"][0], [1.0, -2.0], atol=1e-6)
    np.testing.assert_allclose(layer.encode(features)[0], [1.0, -2.0], atol=1e-6)
    sample = np.asarray(outputs["sample"])
    standard_errors = np.asarray([0.5, 2.0]) / np.sqrt(20_000)
    assert (np.abs(sample.mean(0) - [1.0, -2.0]) < 5 * standard_errors).all()
    np.testing.assert_allclose(sample.std(0), [0.5, 2.0], rtol=0.03)
    assert abs(np.corrcoef(sample.T)[0, 1]) < 0.03


def test_noise_is_new_in_training_and_the_same_in_evaluation():
    layer, features = with_posterior([0.0], [1.0]), np.ones((8, 3), np.float32)
    first, second = (np.asarray(layer(features, training=True)["sample"]) for _ in range(2))
    assert np.abs(first - second).max() > 0.1
    state = np.asarray(layer.noise.state)
    calm, again = (np.asarray(layer(features)["sample"]) for _ in range(2))
    np.testing.assert_array_equal(calm, again)
    assert np.abs(calm - np.asarray(layer(features)["code"])).max() > 0.1  # sampled all the same
    np.testing.assert_array_equal(np.asarray(layer.noise.state), state)


def test_warm_up_raises_the_weight_epoch_by_epoch():
    layer, features = with_posterior([2.0], [0.5], weight=2.0, warmup_epochs=4), np.ones((1, 3), np.float32)
    rate = closed_form([2.0], [0.5]).sum()
    for epoch, share in enumerate([0.25, 0.5, 0.75, 1.0, 1.0]):
        layer.start_epoch(epoch)
        np.testing.assert_allclose(layer(features)["cost"], [2.0 * share * rate], rtol=1e-5)
    assert layer.settled_epoch == 3
    assert Gaussian(2).settled_epoch == 0


def test_free_bits_cost_what_the_batch_mean_exceeds_and_no_less():
    scale, free = [0.5, 0.99], 0.2
    layer, features = with_posterior([0.0, 0.0], scale, free_bits=free), np.ones((5, 3), np.float32)
    each = closed_form([0.0, 0.0], scale)
    assert each[0] > free > each[1]
    outputs = layer(features)
    np.testing.assert_allclose(np.mean(outputs["cost"]), np.maximum(each, free).sum(), rtol=1e-4)
    np.testing.assert_allclose(np.mean(outputs["rate"]), each.sum(), rtol=1e-4)  # what is reported stays the true rate
    with tf.GradientTape() as tape:
        cost = tf.reduce_mean(layer(features)["cost"])
    gradient = np.asarray(tape.gradient(cost, layer.raw_scale.bias.value))
    assert abs(gradient[0]) > 1e-2
    assert abs(gradient[1]) < 1e-7


@pytest.mark.parametrize(
    "arguments", [{"latent_dim": 0}, {"latent_dim": 2, "weight": -1}, {"latent_dim": 2, "free_bits": -1}]
)
def test_wrong_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match="must"):
        Gaussian(**arguments)
