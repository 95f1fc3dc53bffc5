from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.decomposition import PCA as SklearnPCA  # noqa: N811  its own name
from sklearn.metrics import roc_auc_score

from zoo.representations.pca import PCA
from zoo.representations.raw import Raw
from zoo.types import Clusters, HasLikelihood, HasRates, Reconstructs, Scores


def fitted(baseline, splits, latent_dim=4):
    return baseline.fit("baseline", splits, SimpleNamespace(model=SimpleNamespace(latent_dim=latent_dim)))


def test_raw_is_the_rows(splits):
    raw = fitted(Raw(), splits)
    np.testing.assert_array_equal(raw.encode(np.arange(600)), splits.features)
    assert not isinstance(raw, Reconstructs | Scores | HasRates | HasLikelihood | Clusters)


def test_pca_is_sklearns_fitted_on_training_rows(splits):
    ours = fitted(PCA(), splits)
    theirs = SklearnPCA(4).fit(splits.features[splits.train].astype(np.float64))
    rows = splits.features[splits.test]
    codes, expected = ours.encode(splits.test), theirs.transform(rows)
    signs = np.sign((codes * expected).sum(axis=0))
    np.testing.assert_allclose(codes * signs, expected, atol=1e-4)
    np.testing.assert_allclose(ours.reconstruct(splits.test), theirs.inverse_transform(expected), atol=1e-4)
    spoilt = splits.features.copy()
    spoilt[splits.test] = 1e6
    np.testing.assert_array_equal(fitted(PCA(), replace(splits, features=spoilt)).directions, ours.directions)


def test_removing_directions_first_is_the_same_as_skipping_them(splits):
    rows = splits.features[splits.train].astype(np.float64)
    leading = SklearnPCA(2).fit(rows).components_
    cleaned = rows - rows.mean(axis=0)
    cleaned -= cleaned @ leading.T @ leading
    expected = SklearnPCA(4).fit_transform(cleaned)
    codes = fitted(PCA(remove=2), splits).encode(splits.train)
    signs = np.sign((codes * expected).sum(axis=0))
    np.testing.assert_allclose(codes * signs, expected, atol=1e-3)


def test_weighted_pca_counts_rows_by_their_weights(splits, rng):
    weights = rng.integers(1, 5, size=len(splits.features))
    weighted = replace(splits, weights=weights.astype(np.float32))
    copies = np.repeat(splits.train, weights[splits.train])
    expected = SklearnPCA(3).fit(splits.features[copies].astype(np.float64))
    ours = fitted(PCA(weighted=True), weighted, latent_dim=3)
    np.testing.assert_allclose(np.abs((ours.directions.T * expected.components_).sum(axis=1)), 1, atol=1e-4)
    np.testing.assert_allclose(ours.mean, expected.mean_, atol=1e-4)
    plain = fitted(PCA(), weighted, latent_dim=3)
    np.testing.assert_allclose(plain.directions, fitted(PCA(), splits, latent_dim=3).directions)


@pytest.mark.parametrize(("latent_dim", "remove", "expected"), [(20, 0, 12), (20, 2, 10), (4, 11, 1)])
def test_there_are_no_more_components_than_columns(latent_dim, remove, expected, splits):
    assert fitted(PCA(remove=remove), splits, latent_dim).encode(np.arange(3)).shape == (3, expected)


@pytest.mark.parametrize(
    ("latent_dim", "asked", "by"), [(12, None, 3), (20, None, 3), (4, None, 3), (2, None, 2), (12, 6, 6), (2, 5, 5)]
)
def test_a_row_is_scored_by_a_quarter_of_the_columns_at_most_unless_asked_for_more(latent_dim, asked, by, splits):
    ours = fitted(PCA(dimensions=asked), splits, latent_dim)
    rows = splits.features[splits.test].astype(np.float64)
    theirs = SklearnPCA(by).fit(splits.features[splits.train].astype(np.float64))
    errors = ((rows - theirs.inverse_transform(theirs.transform(rows))) ** 2).sum(axis=1)
    np.testing.assert_allclose(ours.score(splits.test), errors, rtol=1e-3)
    assert ours.encode(splits.test).shape[1] == min(asked or latent_dim, 12)


def test_an_opponent_of_a_code_as_wide_as_the_rows_still_tells_anomalies(splits, rng):
    """With all components the error is rounding, and its area under the curve is chance."""
    features = splits.features.copy()
    features[550:] += 4 * rng.normal(size=(50, 12)).astype(np.float32)
    odd = replace(splits, features=features, labels=(np.arange(600) >= 550).astype(int))
    scores = fitted(PCA(), odd, latent_dim=64).score(odd.test)
    assert roc_auc_score(odd.labels[odd.test], scores) > 0.9


def test_svd_of_a_sparse_table_is_scored_alike(rng):
    from scipy import sparse

    from zoo.types import Splits

    table = sparse.csr_array((rng.random((200, 40)) < 0.2).astype(np.float32))
    rows = np.arange(200)
    splits = Splits(table, train=rows[:120], validation=rows[120:140], test=rows[140:])
    ours = fitted(PCA(), splits, latent_dim=30)
    assert ours.encode(splits.test).shape == (60, 30)
    block, leading = table[rows[140:]].toarray(), ours.directions[:, :10]
    np.testing.assert_allclose(
        ours.score(splits.test), ((block - block @ leading @ leading.T) ** 2).sum(axis=1), rtol=1e-3
    )
