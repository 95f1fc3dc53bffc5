"""Standardising against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from zoo.quiet import import_tensorflow
from zoo.rows.dense_rows import DenseRows
from zoo.types.tables import TableSchema

import_tensorflow()

from zoo.preprocessing.standardise import Standardise  # noqa: E402


def test_it_is_sklearns_with_weights_and_constant_columns(rng):
    rows = (rng.normal(size=(300, 5)) * [1, 10, 0.01, 0, 3] + [0, 5, 1e3, 7.7, -2]).astype(np.float32)
    weights = rng.integers(0, 4, size=300).astype(np.float32)
    layer = Standardise()
    layer.build((None, 5))
    layer.adapt(lambda: [(rows[:100], weights[:100]), (rows[100:], weights[100:])])
    scaler = StandardScaler().fit(rows.astype(np.float64), sample_weight=weights)
    got = np.asarray(layer(rows))
    np.testing.assert_allclose(got[:, [0, 1, 4]], scaler.transform(rows)[:, [0, 1, 4]], rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(got[:, 3], 0, atol=1e-5)
    np.testing.assert_allclose(got[:, 2], scaler.transform(rows)[:, 2], atol=0.02)  # float32 holds 1000.01 to 1e-4
    np.testing.assert_allclose(layer.inverse(got), rows, rtol=1e-5, atol=1e-4)


def _adapted(rows, **arguments):
    layer = Standardise(**arguments)
    layer.build((None, rows.shape[1]))
    layer.adapt(lambda: [(rows, np.ones(len(rows), np.float32))])
    return layer


def test_a_column_that_hardly_changes_beside_the_others_is_only_centred(rng):
    rows = rng.normal(size=(200, 6)).astype(np.float32)
    rows[:, 1] *= 1e-33  # as sentence encoders leave dead columns in float32,
    rows[:, 3] = np.where(rng.random(200) < 0.5, 0, -6e-8)  # and in float16
    got = np.asarray(_adapted(rows)(rows))
    assert np.abs(got[:, [1, 3]]).max() < 1e-6
    np.testing.assert_allclose(got[:, [0, 2, 4, 5]].std(axis=0), 1, rtol=1e-5)


def test_a_small_column_with_a_unit_of_its_own_is_standardised(rng):
    rows = (rng.normal(size=(200, 3)) * [1e-3, 1e5, 1e6]).astype(np.float32)
    for one_unit, deviation in ((False, 1.0), (True, 1e-3), (None, 1e-3)):
        got = np.asarray(_adapted(rows, one_unit=one_unit)(rows))
        np.testing.assert_allclose(got.std(axis=0), [deviation, 1, 1], rtol=0.2)


def test_columns_have_units_of_their_own_where_they_are_named():
    for names, one_unit in ((("age", "income"), False), (("dim_0", "dim_1"), True), ((), True)):
        layer = Standardise()
        layer.apply_schema(replace(TableSchema((2,)), has_units=DenseRows("rows", (2,), names).has_units))
        assert layer.one_unit is one_unit
        assert Standardise.from_config(layer.get_config()).one_unit is one_unit
    given = Standardise(one_unit=True)
    given.apply_schema(TableSchema((2,), has_units=True))
    assert given.one_unit is True


@pytest.mark.parametrize("length", [1.0, 20.0])
def test_rows_of_one_length_keep_their_cosines(rng, length):
    rows = rng.normal(size=(300, 8)) * np.linspace(0.1, 2, 8) + 0.5
    rows = length * rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows.astype(np.float16).astype(np.float32)
    layer = _adapted(rows)
    got = np.asarray(layer(rows))
    np.testing.assert_allclose(got, rows * (8**0.5 / length), rtol=2e-3)
    np.testing.assert_allclose(layer.inverse(got), rows, rtol=1e-5)


def test_rows_that_are_all_the_same_are_only_centred():
    rows = np.full((20, 3), 0.577, np.float32)
    np.testing.assert_allclose(_adapted(rows)(rows), 0, atol=1e-6)
