"""What every preprocessing layer promises of `adapt` and `inverse`, for all that scanning finds."""

import importlib
import tracemalloc

import numpy as np
import pytest

import zoo.preprocessing
from zoo.lazy import module_name, public_names
from zoo.moments import Moments
from zoo.quiet import import_tensorflow

import_tensorflow()

NAMES = public_names(zoo.preprocessing.__path__)


def make(name, **arguments):
    return getattr(importlib.import_module(f"zoo.preprocessing.{module_name(name)}"), name)(**arguments)


def adapted(layer, rows, weights=None, size=None):
    size = size or len(rows)
    weights = np.ones(len(rows), np.float32) if weights is None else weights
    layer.build((None, rows.shape[1]))
    layer.adapt(lambda: ((rows[i : i + size], weights[i : i + size]) for i in range(0, len(rows), size)))
    return layer


@pytest.fixture
def table():
    random = np.random.default_rng(0)
    return (random.normal(size=(101, 12)) * np.linspace(5, 0.5, 12) + np.linspace(-50, 50, 12)).astype(np.float32)


def test_scanning_finds_them():
    assert len(NAMES) >= 4


@pytest.mark.parametrize("name", NAMES)
def test_blocks_of_any_size_give_the_statistics_of_the_whole(name, table):
    whole = adapted(make(name), table)
    for size in (1, 7, 100):
        blocks = adapted(make(name), table, size=size)
        np.testing.assert_allclose(blocks(table), whole(table), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(blocks.inverse(table), whole.inverse(table), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_weights_count_as_so_many_copies(name, table):
    weights = np.random.default_rng(1).integers(0, 4, size=len(table))
    weighted = adapted(make(name), table, weights.astype(np.float32), size=34)
    copies = adapted(make(name), np.repeat(table, weights, axis=0))
    np.testing.assert_allclose(weighted(table), copies(table), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(weighted.inverse(table), copies.inverse(table), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_a_block_whose_rows_count_nothing_changes_nothing(name, table):
    weights = np.ones(101, np.float32)
    weights[:20] = 0
    layer = adapted(make(name), table, weights, size=20)
    expected = adapted(make(name), table[20:])
    np.testing.assert_allclose(layer(table), expected(table), rtol=1e-4, atol=1e-4)


def test_moments_skip_a_block_whose_rows_count_nothing(table):
    ones, nothing = np.ones(101, np.float32), np.zeros(101, np.float32)
    moments = Moments.of(12, [(table, nothing), (table, ones), (table * 7, nothing)])
    np.testing.assert_allclose(moments.mean, table.astype(np.float64).mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance(), np.cov(table.T.astype(np.float64), ddof=0), rtol=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_training_moves_no_statistic(name, table):
    layer = adapted(make(name), table)
    assert layer.trainable_variables == []
    before = [np.asarray(variable).copy() for variable in layer.variables]
    layer(table * 3, training=True)
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value)


@pytest.mark.parametrize("name", NAMES)
def test_the_inverse_comes_back_to_the_same_preprocessed_row(name, table):
    layer = adapted(make(name), table)
    once = np.asarray(layer(table))
    np.testing.assert_allclose(layer(layer.inverse(once)), once, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("rank", [1, 2])
def test_shrinking_directions_that_do_not_vary_can_be_undone(rank):
    random = np.random.default_rng(3)
    rows = (random.normal(size=(200, rank)) @ random.normal(size=(rank, 5))).astype(np.float32)
    rows -= rows.mean(axis=0)
    layer = adapted(make("ShrinkDominantDirections", directions=3), rows)
    largest = np.abs(np.asarray(layer.inverse(layer(rows)))).max()
    assert largest < 2 * np.abs(rows).max()


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_lengths_are_made_equal_however_long_rows_are(factor, table):
    layer = adapted(make("NormaliseLength"), table * np.float32(factor))
    rows = np.asarray(layer(table * np.float32(factor)), np.float64)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    lengths = np.linalg.norm(table.astype(np.float64) * factor, axis=1)
    np.testing.assert_allclose(np.linalg.norm(layer.inverse(rows), axis=1), lengths.mean(), rtol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_memory_does_not_grow_with_the_rows(name):
    rows, weights = np.random.default_rng(0).normal(size=(5_000, 12)).astype(np.float32), np.ones(5_000, np.float32)

    def peak(blocks):
        layer = make(name)
        layer.build((None, 12))
        tracemalloc.start()
        try:
            layer.adapt(lambda: ((rows, weights) for _ in range(blocks)))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(3)  # what is made once
    few, many = peak(3), peak(60)
    assert many < few + 200_000  # a number for each row would be 2,280,000 bytes more
