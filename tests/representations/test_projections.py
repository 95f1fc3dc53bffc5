"""Linear opponents: principal components whitened and weighted, random directions, first columns, weighted columns."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse
from sklearn.decomposition import PCA as SklearnPCA  # noqa: N811  its own name
from sklearn.decomposition import TruncatedSVD as SklearnSVD
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.random_projection import GaussianRandomProjection

from zoo.errors import InputError
from zoo.representations.pca import PCA
from zoo.representations.random_projection import RandomProjection
from zoo.representations.tf_idf import TfIdf
from zoo.representations.truncated_svd import TruncatedSVD
from zoo.representations.truncation import Truncation
from zoo.types import Splits


def fitted(baseline, splits, latent_dim=4):
    return baseline.fit("baseline", splits, SimpleNamespace(model=SimpleNamespace(latent_dim=latent_dim)))


def same_up_to_sign(ours, theirs, **tolerance):
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, **tolerance)


@pytest.fixture
def baskets(rng):
    table = sparse.csr_array((rng.random((200, 40)) < np.linspace(0.5, 0.02, 40)).astype(np.float32))
    rows = np.arange(200)
    return Splits(table, train=rows[:120], validation=rows[120:140], test=rows[140:])


def test_whitened_components_are_sklearns(splits):
    train = splits.features[splits.train].astype(np.float64)
    theirs = SklearnPCA(4, whiten=True).fit(train)
    # scikit-learn divides by n - 1 where it estimates variances
    expected = theirs.transform(splits.features[splits.test]) * np.sqrt(len(train) / (len(train) - 1))
    same_up_to_sign(fitted(PCA(whiten=1.0), splits).encode(splits.test), expected, atol=1e-4)


@pytest.mark.parametrize("whiten", [0.0, 0.5, 1.0])
def test_whitening_divides_each_component_by_a_power_of_its_deviation(whiten, splits):
    plain, ours = fitted(PCA(), splits), fitted(PCA(whiten=whiten), splits)
    deviations = plain.encode(splits.train).std(axis=0)
    np.testing.assert_allclose(ours.encode(splits.train).std(axis=0), deviations ** (1 - whiten), rtol=1e-3)
    np.testing.assert_allclose(ours.reconstruct(splits.test), plain.reconstruct(splits.test), atol=1e-4)
    np.testing.assert_allclose(ours.score(splits.test), plain.score(splits.test), rtol=1e-4)


def test_a_component_that_does_not_vary_is_not_blown_up(splits):
    flat = splits.features.copy()
    flat[:, 3:] = 7
    codes = fitted(PCA(whiten=1.0, dimensions=6), replace(splits, features=flat)).encode(splits.test)
    assert np.abs(codes[:, 3:]).max() < 1e-3
    constant = replace(splits, features=np.ones_like(flat))
    np.testing.assert_array_equal(fitted(PCA(whiten=1.0), constant).encode(splits.test), np.zeros((100, 4)))


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_rows_are_weighted_by_a_power_of_their_rank(power, splits):
    ours = fitted(PCA(rank_power=power), replace(splits, weights=np.full(600, 9.0, np.float32)))
    rows, weights = splits.features[splits.train].astype(np.float64), 1 / (splits.train + 1.0) ** power
    mean = np.average(rows, axis=0, weights=weights)
    _, directions = np.linalg.eigh(np.cov(rows, rowvar=False, aweights=weights, bias=True))
    same_up_to_sign(
        ours.encode(splits.test), (splits.features[splits.test] - mean) @ directions[:, ::-1][:, :4], atol=1e-3
    )
    by_data = replace(splits, weights=((np.arange(600) + 1.0) ** -power).astype(np.float32))
    same_up_to_sign(ours.encode(splits.test), fitted(PCA(weighted=True), by_data).encode(splits.test), atol=1e-3)


def test_there_is_one_way_of_counting_rows():
    with pytest.raises(ValueError, match="give one"):
        PCA(weighted=True, rank_power=1.0)


def test_random_projection_is_sklearns(splits, baskets):
    theirs = GaussianRandomProjection(4, random_state=3).fit(splits.features)
    ours = fitted(RandomProjection(seed=3), splits)
    np.testing.assert_allclose(ours.encode(splits.test), theirs.transform(splits.features[splits.test]), atol=1e-5)
    other = fitted(RandomProjection(seed=4, dimensions=7), splits).encode(splits.test)
    assert other.shape == (100, 7)
    assert np.abs(other[:, :4] - ours.encode(splits.test)).max() > 0.1
    thin = fitted(RandomProjection(), baskets)
    np.testing.assert_allclose(thin.encode(baskets.test), baskets.features[140:] @ thin.directions, atol=1e-5)


def test_truncation_keeps_the_first_columns(splits, baskets):
    np.testing.assert_array_equal(fitted(Truncation(), splits).encode(splits.test), splits.features[500:, :4])
    assert fitted(Truncation(dimensions=99), splits).encode(splits.test).shape == (100, 12)
    with pytest.raises(InputError, match=r"~baselines\.first"):
        Truncation().require("first", baskets)


def test_weighted_columns_are_sklearns_tf_idf(baskets):
    expected = TfidfTransformer().fit(baskets.features[:120]).transform(baskets.features[140:]).toarray()
    ours = fitted(TfIdf(), baskets).encode(baskets.test).toarray()
    np.testing.assert_allclose(
        ours / np.maximum(np.linalg.norm(ours, axis=1, keepdims=True), 1e-9), expected, atol=1e-6
    )


def test_svd_of_weighted_columns_is_sklearns(baskets):
    weighting = TfidfTransformer().fit(baskets.features[:120])
    theirs = SklearnSVD(5, random_state=0).fit(weighting.transform(baskets.features[:120]))
    ours = fitted(TruncatedSVD(idf=True), baskets, latent_dim=5)
    expected = theirs.transform(weighting.transform(baskets.features[140:]))
    codes = ours.encode(baskets.test)
    lengths = [np.linalg.norm(each, axis=1, keepdims=True) for each in (codes, expected)]
    same_up_to_sign(codes / lengths[0], expected / lengths[1], atol=1e-4)
    # the rows that it gives back are those that it was given, as well as five components can
    weights = weighting.idf_
    by_hand = ((baskets.features[140:].toarray() * weights) @ ours.directions) @ ours.directions.T / weights
    np.testing.assert_allclose(ours.reconstruct(baskets.test), by_hand, atol=1e-4)


def test_svd_whitens_by_root_mean_squares(baskets):
    codes = fitted(TruncatedSVD(whiten=1.0), baskets).encode(baskets.train)
    np.testing.assert_allclose((codes**2).mean(axis=0), 1, rtol=1e-3)
    np.testing.assert_array_equal(fitted(PCA(whiten=1.0), baskets).encode(baskets.train), codes)


@pytest.mark.parametrize("latent_dim", [5, 40])
@pytest.mark.parametrize("remove", [0, 2])
def test_a_narrow_sparse_table_has_as_many_components_as_columns(latent_dim, remove, rng):
    rows = rng.poisson(1.0, size=(200, 6)).astype(np.float32)
    numbers = np.arange(200)
    table = Splits(sparse.csr_array(rows), train=numbers[:150], validation=numbers[:0], test=numbers[150:])
    codes = fitted(TruncatedSVD(remove=remove), table, latent_dim).encode(table.test)
    directions = np.linalg.svd(rows[:150].astype(np.float64))[2][remove : remove + latent_dim].T
    same_up_to_sign(codes, rows[150:] @ directions, atol=1e-3)


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        (PCA(dimensions=13), r"mine: dimensions=13 needs 13 components, and rows of 12 columns have 12"),
        (PCA(dimensions=11, remove=2), r"dimensions=11 behind remove=2 needs 13 components"),
        (PCA(remove=12), r"mine: remove=12 needs 13 components"),
        (
            PCA(rank_power=1.0),
            r"mine\.rank_power: components of sparse rows count all rows alike.*leave rank_power out",
        ),
        (PCA(weighted=True), r"mine\.weighted: components of sparse rows"),
        (TruncatedSVD(dimensions=13), "needs 13 components"),
    ],
)
def test_settings_that_a_table_cannot_follow_are_refused_before_the_training(baseline, said, splits):
    is_sparse = "sparse" in said or isinstance(baseline, TruncatedSVD)
    table = replace(splits, features=sparse.csr_array(splits.features), weights=np.ones(600, np.float32))
    with pytest.raises(InputError, match=said):
        baseline.require("mine", table if is_sparse else splits)
    PCA(dimensions=12).require("mine", splits)
    PCA(dimensions=10, remove=2, weighted=True).require("mine", replace(table, weights=None))


@pytest.mark.parametrize("baseline", [TruncatedSVD(), TfIdf()])
def test_what_is_for_sparse_rows_refuses_others(baseline, splits):
    with pytest.raises(InputError, match=r"rows of 12 columns.*baselines\.mine\._target_="):
        baseline.require("mine", splits)
