"""The filter against the conditional mean of Gaussian rows, and noise that it must take away."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.networks.noise_filter import NoiseFilter  # noqa: E402
from zoo.parts import Network  # noqa: E402


class Itself(Network):
    """The rows as they are; remembers what it was adapted to."""

    def adapt(self, batches):
        self.seen = np.concatenate([block for block, _ in batches()])

    def solve(self, batches):
        self.solved = np.concatenate([block for block, _ in batches()])

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, x, training=False):
        return x


def adapted(table, scale, weights=None):
    layer = NoiseFilter(Itself(), scale)
    layer.build((None, *table.shape[1:]))
    np.testing.assert_allclose(layer(table), table, atol=1e-6)  # until it has seen rows, it lets everything through
    weights = np.ones(len(table), np.float32) if weights is None else weights
    layer.adapt(lambda: [(table[:150], weights[:150]), (table[150:], weights[150:])])
    return layer


def test_it_is_the_conditional_mean_of_gaussian_rows_and_takes_noise_away(rng):
    mixing = rng.normal(size=(3, 12)) * 2
    rows = (rng.normal(size=(4000, 3)) @ mixing + 5).astype(np.float32).reshape(-1, 2, 3, 2)
    layer = adapted(rows, 0.7)
    noisy = rows + 0.7 * rng.normal(size=rows.shape).astype(np.float32)
    cleaned = np.asarray(layer(noisy))
    assert cleaned.shape == rows.shape
    flat, mean = rows.reshape(len(rows), -1).astype(np.float64), rows.reshape(len(rows), -1).mean(axis=0)
    covariance = np.cov(flat.T, bias=True)
    inverse = np.linalg.inv(covariance + 0.49 * np.eye(12))
    expected = mean + (noisy.reshape(len(rows), -1) - mean) @ inverse @ covariance
    np.testing.assert_allclose(cleaned.reshape(len(rows), -1), expected, atol=1e-3)
    # of the noise's 12 dimensions the three of the rows are left
    assert ((cleaned - rows) ** 2).mean() == pytest.approx(0.49 * 3 / 12, rel=0.1)


def test_its_network_is_adapted_to_filtered_rows_and_solves_on_them(rng):
    rows = rng.normal(size=(400, 6)).astype(np.float32) * np.array([3, 3, 3, 0.1, 0.1, 0.1], np.float32)
    layer = adapted(rows, 1.0)
    layer.solve(lambda: [(rows, np.ones(400, np.float32))])
    for seen in (layer.network.seen, layer.network.solved):
        np.testing.assert_allclose(seen, layer(rows), atol=1e-5)
        assert seen[:, 3:].std() < 0.3 * rows[:, 3:].std()
    assert layer.trainable_variables == []


def test_rows_without_weight_do_not_count_and_rows_all_alike_stay_so(rng):
    rows = rng.normal(size=(400, 4)).astype(np.float32)
    halves = np.tile(np.array([0, 1], np.float32), 200)
    np.testing.assert_allclose(adapted(rows, 0.5, halves).mean, rows[1::2].mean(axis=0), atol=1e-5)
    flat = np.ones((400, 4), np.float32)
    np.testing.assert_allclose(adapted(flat, 0.5)(flat + 3), flat, atol=1e-5)


def test_what_it_holds_is_trained_if_that_can_be_and_wrong_scales_are_refused():
    layer = NoiseFilter(MLP([3]), 0.5)
    layer.build((None, 2, 2))
    assert tuple(layer(np.ones((5, 2, 2), np.float32)).shape) == (5, 3)
    assert len(layer.trainable_variables) == 2
    with pytest.raises(ValueError, match="positive"):
        NoiseFilter(MLP([3]), 0.0)
