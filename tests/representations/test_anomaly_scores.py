"""Opponents that tell anomalies by how far a row is from others."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.covariance import EmpiricalCovariance, LedoitWolf

from zoo.errors import InputError
from zoo.representations.isolation_forest import IsolationForest
from zoo.representations.knn_distance import KnnDistance
from zoo.representations.local_outlier_factor import LocalOutlierFactor
from zoo.representations.mahalanobis import Mahalanobis
from zoo.representations.one_class_svm import OneClassSVM
from zoo.types import Scores, Splits


def line(*places):
    """Training rows 0 to 3 at 0, 1, 3 and 7 on a line, then the rows to be judged at `places`."""
    features = np.asarray([0, 1, 3, 7, *places], np.float32)[:, None]
    rows = np.arange(len(features))
    return Splits(features, train=rows[:4], validation=rows[:0], test=rows[4:])


@pytest.mark.parametrize(
    ("method", "neighbours", "expected"),
    [("mean", 2, [0.5, 5.0]), ("largest", 2, [1.0, 7.0]), ("mean", 1, [0.0, 3.0]), ("largest", 9, [6.0, 10.0])],
)
def test_distances_by_hand(method, neighbours, expected):
    splits = line(1, 10)
    known = KnnDistance(neighbours, method).fit("knn", splits, None)
    assert isinstance(known, Scores)
    np.testing.assert_allclose(known.score(splits.test), expected)
    np.testing.assert_array_equal(known.encode(splits.test), splits.features[4:])


def test_a_training_row_is_not_its_own_neighbour_but_its_copy_is():
    splits = line(1)
    known = KnnDistance(1).fit("knn", splits, None)
    np.testing.assert_allclose(known.score(np.arange(5)), [1, 1, 2, 4, 0])
    elsewhere = known.on(replace(splits, features=splits.features + 0))
    np.testing.assert_allclose(elsewhere.score(np.arange(4)), 0)


def test_a_single_training_row_has_no_neighbour():
    splits = line(5)
    alone = KnnDistance().fit("knn", replace(splits, train=splits.train[:1]), None)
    np.testing.assert_allclose(alone.score(np.arange(5)), [0, 1, 3, 7, 5])


def test_distances_of_many_rows_are_those_of_all_pairs(splits, rng):
    rows = splits.features.astype(np.float64)
    distances = np.sort(np.linalg.norm(rows[splits.test][:, None] - rows[splits.train], axis=2), axis=1)
    mean = KnnDistance().fit("knn", splits, None).score(splits.test)
    np.testing.assert_allclose(mean, distances[:, :5].mean(axis=1), rtol=1e-5)
    table = sparse.csr_array((rng.random((600, 12)) < 0.4).astype(np.float32))
    thin = replace(splits, features=table)
    dense = replace(splits, features=table.toarray())
    expected = KnnDistance().fit("knn", dense, None).score(splits.test)
    np.testing.assert_allclose(KnnDistance().fit("knn", thin, None).score(splits.test), expected, atol=1e-5)


def test_a_draw_of_training_rows_depends_on_the_seed_alone(splits):
    once, again, other = (
        KnnDistance(references=50, seed=seed).fit("knn", splits, None).score(splits.test) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(once, again)
    assert np.abs(once - other).max() > 0
    assert (once >= KnnDistance().fit("knn", splits, None).score(splits.test) - 1e-6).all()


def test_mahalanobis_is_sklearns(splits):
    train = splits.features[splits.train].astype(np.float64)
    shrunk, plain = LedoitWolf().fit(train), EmpiricalCovariance().fit(train)
    rows = splits.features[splits.test]
    np.testing.assert_allclose(
        Mahalanobis().fit("m", splits, None).score(splits.test), shrunk.mahalanobis(rows), rtol=1e-3
    )
    ours = Mahalanobis(shrinkage=0.0).fit("m", splits, None)
    np.testing.assert_allclose(ours.score(splits.test), plain.mahalanobis(rows), rtol=1e-3)
    np.testing.assert_allclose((ours.encode(splits.test) ** 2).sum(axis=1), ours.score(splits.test), rtol=1e-5)
    few = replace(splits, train=splits.train[:8])  # fewer rows than columns
    expected = LedoitWolf().fit(train[:8]).mahalanobis(rows)
    np.testing.assert_allclose(Mahalanobis().fit("m", few, None).score(splits.test), expected, rtol=1e-3)


def test_rows_that_are_all_alike_are_near_and_others_are_not(splits):
    features = splits.features.copy()
    features[splits.train] = 1
    for shrinkage in (None, 0.0, 1.0):
        scores = Mahalanobis(shrinkage).fit("m", replace(splits, features=features), None).score(np.arange(600))
        assert np.isfinite(scores).all()
        assert scores[:400].max() < scores[500:].min()


def test_sparse_rows_are_refused_with_what_to_take_instead(rng):
    table = sparse.csr_array((rng.random((20, 9)) < 0.4).astype(np.float32))
    rows = np.arange(20)
    with pytest.raises(InputError, match="KnnDistance"):
        Mahalanobis().require("m", Splits(table, train=rows, validation=rows, test=rows))


@pytest.mark.parametrize("detector", [IsolationForest(), LocalOutlierFactor(), OneClassSVM()])
def test_detectors_find_the_far_rows_oddest(splits, detector):
    features = splits.features.copy()
    features[splits.test[:5]] += 30
    fitted = detector.fit("d", replace(splits, features=features), None)
    assert isinstance(fitted, Scores)
    scores = fitted.score(splits.test)
    assert scores.dtype == np.float32
    assert scores[:5].min() > scores[5:].max()
    np.testing.assert_array_equal(fitted.encode(splits.test), features[splits.test])
    assert np.abs(fitted.on(splits).score(splits.test)[:5] - scores[:5]).min() > 0


def test_a_detector_learns_from_so_many_rows(splits):
    few, all_rows = (LocalOutlierFactor(references=most).fit("d", splits, None) for most in (50, 400))
    assert (few.fitted.n_samples_fit_, all_rows.fitted.n_samples_fit_) == (50, 400)
    with pytest.raises(InputError, match="a single training row"):
        LocalOutlierFactor().fit("d", replace(splits, train=splits.train[:1]), None)
