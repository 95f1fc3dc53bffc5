import numpy as np
from sklearn.decomposition import PCA

from zoo.moments import Moments


def test_moments_of_blocks_are_numpys_of_the_whole(rng):
    rows = (rng.normal(size=(1000, 5)) * [1, 2, 3, 4, 5] + 1000).astype(np.float32)  # far from 0: no cancellation
    weights = rng.integers(1, 5, size=1000).astype(np.float32)
    moments = Moments.of(5, ((rows[i : i + 77], weights[i : i + 77]) for i in range(0, 1000, 77)))
    whole = rows.astype(np.float64)
    np.testing.assert_allclose(moments.mean, np.average(whole, axis=0, weights=weights), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance(), np.cov(whole.T, aweights=weights, ddof=0), rtol=1e-9)
    assert moments.weight == weights.sum()


def test_principal_directions_are_sklearns(rng):
    rows = (rng.normal(size=(400, 6)) * [6, 5, 4, 3, 2, 1]).astype(np.float32)
    variances, directions = Moments.of(6, [(rows, np.ones(400, np.float32))]).principal()
    pca = PCA().fit(rows)
    np.testing.assert_allclose(variances, pca.explained_variance_ * 399 / 400, rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.sum(directions.T * pca.components_, axis=1)), 1, atol=1e-4)
