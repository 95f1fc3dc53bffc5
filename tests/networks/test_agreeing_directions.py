"""The directions against a case with known noise, NumPy and scikit-learn, and tables that have none."""

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.corruptions.gaussian_noise import GaussianNoise  # noqa: E402
from zoo.networks.agreeing_directions import AgreeingDirections  # noqa: E402
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.parts import Corruption, Network  # noqa: E402

WIDTH = 6


class Itself(Network):
    """The rows as they are, flattened."""

    def compute_output_shape(self, input_shape):
        return input_shape

    def call(self, x, training=False):
        return x


class Uneven(Corruption):
    """Normal noise whose deviation differs by column."""

    def __init__(self, scales, **kwargs):
        super().__init__(**kwargs)
        self.scales, self.draws = scales, keras.random.SeedGenerator(1)

    def call(self, x, training=False):
        noise = keras.random.normal(tf.shape(x), seed=self.draws)
        return x + noise * np.asarray(self.scales, np.float32) if training else x


def adapted(table, weights=None, network=None, views=None, **arguments):
    layer = AgreeingDirections(network or Itself(), views=views or GaussianNoise(0.5, seed=0), **arguments)
    layer.build((None, *table.shape[1:]))
    weights = np.ones(len(table), np.float32) if weights is None else weights
    batches = [(table[:305], weights[:305]), (table[305:], weights[305:])]
    layer.adapt(lambda: batches)
    before = np.asarray(layer.map)
    np.testing.assert_allclose(before.T @ before, np.eye(layer.units), atol=1e-5)  # a random map, until it is solved
    layer.solve(lambda: batches)
    return layer


@pytest.fixture(scope="module")
def rows():
    return np.random.default_rng(0).normal(size=(4000, WIDTH)).astype(np.float32)


def test_it_finds_the_columns_that_views_agree_on_and_gives_the_noise_there_a_variance_of_one(rows):
    """Where rows have equal variances, the columns with the least noise win, each divided by its noise's deviation."""
    noise = np.array([2.0, 0.1, 1.0, 0.2, 3.0, 0.8])
    layer = adapted(rows, views=Uneven(noise), units=2, shrinkage=1e-6)
    expected = np.zeros((WIDTH, 2))
    expected[1, 0], expected[3, 1] = 1 / 0.1, 1 / 0.2
    np.testing.assert_allclose(np.abs(layer.map), expected, atol=0.35)
    np.testing.assert_allclose(layer(rows), (rows - rows.mean(axis=0)) @ np.asarray(layer.map), atol=1e-4)
    whitened = adapted(rows, views=Uneven(noise), units=2, shrinkage=1e-6, whiten=1.0)
    np.testing.assert_allclose(np.std(whitened(rows), axis=0), 1.0, atol=0.02)
    blurred = adapted(rows, views=Uneven(noise), units=2, shrinkage=1e3)
    assert np.abs(blurred.map).max() < 0.1  # all directions are taken to be as noisy as the noisiest


def test_about_the_row_what_all_views_have_in_common_counts_as_well(rows):
    """Views that add 3 to the first column agree with each other there, and not with their row."""

    class Shifted(Uneven):
        def call(self, x, training=False):
            return super().call(x, training) + np.array([3, 0, 0, 0, 0, 0], np.float32) * training

    noise = np.array([0.1, 0.2, 0.4, 0.5, 1.0, 2.0])
    for about, columns in (("mean", (0, 1)), ("row", (1, 2))):
        layer = adapted(rows, views=Shifted(noise), units=2, shrinkage=1e-6, about=about)
        assert tuple(np.abs(layer.map).argmax(axis=0)) == columns
    ratios = 1 / np.abs(np.asarray(layer.map)).max(axis=0)
    np.testing.assert_allclose(ratios, noise[1:3], rtol=0.05)  # the noise's deviation, all that is left there
    one = adapted(rows, views=Shifted(noise), units=2, shrinkage=1e-6, about="row", copies=1)
    assert tuple(np.abs(one.map).argmax(axis=0)) == (1, 2)


def test_the_span_is_that_of_linear_discriminant_analysis_with_each_row_a_class():
    random = np.random.default_rng(1)
    rows = (random.normal(size=(50, WIDTH)) @ random.normal(size=(WIDTH, WIDTH))).astype(np.float32)
    layer = adapted(rows, units=2, shrinkage=1e-6, copies=200)
    views = np.asarray(GaussianNoise(0.5, seed=0)(np.repeat(rows, 200, axis=0), training=True))
    theirs = LinearDiscriminantAnalysis(solver="eigen", n_components=2).fit(views, np.repeat(np.arange(50), 200))
    angles = np.linalg.svd(np.linalg.qr(theirs.scalings_[:, :2])[0].T @ np.linalg.qr(np.asarray(layer.map))[0])[1]
    np.testing.assert_allclose(angles, 1.0, atol=1e-3)


def test_rows_without_weight_do_not_count_and_few_rows_are_spread_over_the_table(rows):
    odd = rows.copy()
    odd[::2] *= 50
    halves = np.tile(np.array([0, 1], np.float32), len(rows) // 2)
    layer = adapted(odd, weights=halves, units=2)
    np.testing.assert_allclose(layer.mean, odd[1::2].mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(adapted(rows, units=2, rows=400).mean, rows[::10].mean(axis=0), atol=1e-5)


def test_nothing_of_it_is_trained_and_the_network_is_adapted():
    asked = []

    class Adapted(Itself):
        def adapt(self, batches):
            asked.append(sum(len(block) for block, _ in batches()))

    random = np.random.default_rng(2)
    rows = random.normal(size=(400, WIDTH)).astype(np.float32)
    adapted(rows, network=Adapted(), units=2)
    assert asked == [400]
    layer = adapted(rows, network=MLP([5]), units=2)
    assert layer.trainable_variables == []
    assert len(layer.network.weights) == 2


def test_rows_all_alike_views_all_alike_and_impossible_sizes(rows):
    flat = np.ones((400, WIDTH), np.float32)
    assert np.all(np.isfinite(adapted(flat, units=3)(flat)))
    assert np.all(np.isfinite(adapted(flat, views=GaussianNoise(0.0), units=3)(flat)))
    agreed = adapted(rows, views=GaussianNoise(0.0), units=3)(rows)
    assert np.all(np.isfinite(agreed))
    assert np.std(agreed, axis=0).min() > 0
    with pytest.raises(ValueError, match="6 features have no 7 directions"):
        AgreeingDirections(Itself(), 7, GaussianNoise()).build((None, WIDTH))
    with pytest.raises(ValueError, match="at least 2"):
        AgreeingDirections(Itself(), 2, GaussianNoise(), copies=1)
