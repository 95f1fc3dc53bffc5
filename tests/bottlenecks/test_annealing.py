"""The schedule that all variational bottlenecks share."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
from zoo.bottlenecks.flow_prior import FlowPrior  # noqa: E402
from zoo.bottlenecks.gaussian import Gaussian  # noqa: E402
from zoo.bottlenecks.gaussian_mixture import GaussianMixture  # noqa: E402
from zoo.bottlenecks.vamp_prior import VampPrior  # noqa: E402

MAKE = [
    Gaussian,
    FlowPrior,
    lambda *args, **more: GaussianMixture(*args, components=2, **more),
    lambda *args, **more: VampPrior(*args, components=2, **more),
]


def shares(layer, epochs):
    """The share of the weight that counts in each epoch."""
    found = []
    for epoch in range(epochs):
        layer.start_epoch(epoch)
        found.append(float(layer.warmth))
    return found


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize(
    ("warmup_epochs", "cycles", "expected"),
    [
        (0, 1, [1, 1, 1]),
        (1, 1, [1, 1, 1]),
        (4, 1, [0.25, 0.5, 0.75, 1, 1]),
        (8, 2, [0.5, 1, 1, 1, 0.5, 1, 1, 1, 1, 1]),
        (12, 2, [1 / 3, 2 / 3, 1, 1, 1, 1, 1 / 3, 2 / 3, 1, 1, 1, 1, 1]),
        (9, 3, [2 / 3, 1, 1, 2 / 3, 1, 1, 2 / 3, 1, 1, 1]),
    ],
)
def test_the_weight_grows_over_the_first_half_of_each_cycle(make, warmup_epochs, cycles, expected):
    layer = make(2, warmup_epochs=warmup_epochs, cycles=cycles)
    np.testing.assert_allclose(shares(layer, len(expected)), expected, rtol=1e-6)
    settled = layer.settled_epoch
    assert set(expected[settled:]) == {1}
    assert settled == 0 or expected[settled - 1] < 1


def test_a_taken_up_run_finds_the_weight_of_its_epoch():
    layer = Gaussian(2, warmup_epochs=8, cycles=2)
    layer.start_epoch(4)
    assert float(layer.warmth) == 0.5


def test_the_annealed_weight_is_what_the_rate_costs():
    layer, features = Gaussian(3, weight=2.0, warmup_epochs=8, cycles=2, seed=1), np.ones((4, 5), np.float32)
    for epoch, share in enumerate([0.5, 1, 1, 1, 0.5]):
        layer.start_epoch(epoch)
        outputs = layer(features)
        np.testing.assert_allclose(outputs["cost"], 2.0 * share * np.asarray(outputs["rate"]), rtol=1e-6)


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cycles": 0}, "cycles must be at least 1"),
        ({"warmup_epochs": 10, "cycles": 4}, "set warmup_epochs to 12, not 10, for 4 cycles"),
        ({"warmup_epochs": 4, "cycles": 2}, "set warmup_epochs to 6"),
        ({"cycles": 2}, "set warmup_epochs to 6, not 0"),
        ({"warmup_epochs": -1}, "must not be negative"),
        ({"weight": -1.0}, "must not be negative"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(2, **arguments)


@pytest.mark.parametrize("make", MAKE)
def test_a_code_needs_a_dimension(make):
    with pytest.raises(ValueError, match="latent_dim must be at least 1"):
        make(0)


def test_the_standard_normal_prior_has_the_density_of_scipy(rng):
    from scipy import stats

    codes = rng.normal(size=(6, 3)).astype(np.float32)
    prior = Gaussian(3).prior()
    assert tuple(prior.batch_shape) == ()
    assert tuple(prior.event_shape) == (3,)
    np.testing.assert_allclose(prior.log_prob(codes), stats.norm.logpdf(codes).sum(axis=1), rtol=1e-5)
