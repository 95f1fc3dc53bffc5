"""Standardising against scikit-learn."""

import numpy as np
from sklearn.preprocessing import StandardScaler

from zoo.quiet import import_tensorflow

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
