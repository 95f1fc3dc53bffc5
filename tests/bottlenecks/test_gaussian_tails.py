"""The Gaussian bottleneck far out, where float32 loses digits, and with rows that differ."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402


def with_posteriors(locs, scales, **arguments):
    """A bottleneck and one-hot features [rows, rows] whose posteriors are N(locs, scales^2), [rows, dimensions]."""
    locs, scales = np.asarray(locs, np.float64), np.asarray(scales, np.float64)
    layer = Gaussian(locs.shape[1], **arguments)
    layer.build((None, len(locs)))
    layer.loc.kernel.assign(locs)
    raised = scales - 1e-4  # the smallest scale is added to the softplus
    layer.raw_scale.kernel.assign(raised + np.log(-np.expm1(-raised)))  # softplus' inverse, for any size
    return layer, np.eye(len(locs), dtype=np.float32)


def closed_form(locs, scales):
    locs, scales = np.asarray(locs, np.float64), np.asarray(scales, np.float64)
    return 0.5 * (locs**2 + scales**2 - 1) - np.log(scales)


@pytest.mark.parametrize("scale", [1e-3, 1e-2, 1.0, 1e3])
@pytest.mark.parametrize("loc", [-50.0, 0.0, 50.0])
def test_rates_in_the_tails_are_the_closed_form(loc, scale):
    locs, scales = [[loc, 0.0, loc]], [[scale, scale, 1.0]]
    layer, features = with_posteriors(locs, scales)
    expected = closed_form(locs, scales)
    np.testing.assert_allclose(layer.rates(features), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer(features)["rate"], expected.sum(axis=1), rtol=1e-4, atol=1e-6)


def test_a_scale_driven_to_nothing_costs_no_more_than_that_of_the_smallest():
    layer, features = with_posteriors([[0.0]], [[1.0]])
    layer.raw_scale.kernel.assign([[-1e4]])
    with tf.GradientTape() as tape:
        rate = layer(features)["rate"]
    gradient = tape.gradient(rate, layer.raw_scale.kernel.value)
    np.testing.assert_allclose(rate, closed_form([0.0], [1e-4]), rtol=1e-4)
    assert np.isfinite(np.asarray(gradient)).all()


def test_each_row_has_a_rate_of_its_own():
    locs, scales = [[0.0, 0.0], [1.0, -2.0], [3.0, 0.0]], [[1.0, 1.0], [0.5, 2.0], [1.0, 0.1]]
    layer, features = with_posteriors(locs, scales, weight=0.5)
    outputs, expected = layer(features), closed_form(locs, scales)
    np.testing.assert_allclose(outputs["rate"], expected.sum(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(outputs["cost"], 0.5 * expected.sum(axis=1), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(outputs["code"], locs, atol=1e-6)


def test_free_bits_look_at_the_mean_over_the_batch_and_are_weighted():
    # dimension 0 exceeds the free bits on average though not in row 0; dimension 1 falls short although row 2 does not
    locs, scales = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.8]], np.ones((3, 2))
    layer, features = with_posteriors(locs, scales, weight=3.0, free_bits=0.2, warmup_epochs=4)
    layer.start_epoch(1)
    each = closed_form(locs, scales).mean(axis=0)
    assert each[0] > 0.2 > each[1]
    assert closed_form(locs, scales)[2, 1] > 0.2
    cost = np.asarray(layer(features)["cost"], np.float64).mean()
    np.testing.assert_allclose(cost, 3.0 * 0.5 * np.maximum(each, 0.2).sum(), rtol=1e-5)
    with tf.GradientTape() as tape:
        mean_cost = tf.reduce_mean(layer(features)["cost"])
    gradient = np.asarray(tape.gradient(mean_cost, layer.loc.kernel.value))
    np.testing.assert_allclose(gradient[:, 0], 3.0 * 0.5 * np.asarray([0.0, 1.0, 2.0]) / 3, atol=1e-6)
    np.testing.assert_allclose(gradient[:, 1], 0, atol=1e-6)


def test_samples_in_evaluation_are_spread_like_the_posterior():
    layer, one = with_posteriors([[50.0, -1.0]], [[1e-2, 1e2]])
    sample = np.asarray(layer(np.repeat(one, 20_000, axis=0))["sample"], np.float64)
    np.testing.assert_allclose(sample.std(axis=0), [1e-2, 1e2], rtol=0.03)
    assert abs(sample[:, 0].mean() - 50) < 5 * 1e-2 / np.sqrt(20_000) + 1e-5
    assert abs(sample[:, 1].mean() + 1) < 5 * 1e2 / np.sqrt(20_000)


def test_the_noise_of_training_follows_the_seed():
    first, same, other = (
        np.asarray(layer(features, training=True)["sample"])
        for layer, features in (with_posteriors(np.zeros((9, 2)), np.ones((9, 2)), seed=seed) for seed in (1, 1, 2))
    )
    np.testing.assert_array_equal(first, same)
    assert np.abs(first - other).max() > 0.1
