"""The vote against scikit-learn's."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from zoo.metrics.knn_accuracy import KnnAccuracy


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("k", [1, 2, 6])  # with an even number votes tie
def test_it_is_sklearns_vote_of_the_labelled_training_rows(k, distance, classes, known, raw):
    vote = KNeighborsClassifier(k, metric=distance).fit(classes.features[known.train], classes.labels[known.train])
    expected = vote.predict(classes.features[known.test]) == classes.labels[known.test]
    values = KnnAccuracy(k, distance=distance).values(raw.on(classes), classes)
    np.testing.assert_array_equal(values, expected)
    assert 0.3 < values.mean() < 1


def test_references_and_queries_are_the_first_labelled_ones(classes, known, raw):
    few, asked = known.train[:40], known.test[:30]
    vote = KNeighborsClassifier(3, metric="cosine").fit(classes.features[few], classes.labels[few])
    expected = vote.predict(classes.features[asked]) == classes.labels[asked]
    np.testing.assert_array_equal(KnnAccuracy(3, references=40, queries=30).values(raw.on(classes), classes), expected)


def test_sparse_rows_and_images_are_compared_as_their_dense_rows_are(classes, raw):
    expected = KnnAccuracy(5).values(raw.on(classes), classes)
    as_sparse = replace(classes, features=sparse.csr_array(classes.features))
    by_distance = [KnnAccuracy(5, distance="euclidean").values(raw.on(each), each) for each in (classes, as_sparse)]
    np.testing.assert_array_equal(*by_distance)
    np.testing.assert_array_equal(KnnAccuracy(5).values(raw.on(as_sparse), as_sparse), expected)
    as_images = replace(classes, features=classes.features.reshape(-1, 3, 2, 1))
    np.testing.assert_array_equal(KnnAccuracy(5).values(raw.on(as_images), as_images), expected)


def test_of_equally_near_rows_the_first_votes(raw, classes):
    same = np.ones((6, 2), np.float32)
    table = replace(
        classes,
        features=same,
        labels=np.asarray([7, 9, 9, 9, 7, -1]),
        train=np.asarray([0, 1, 2, 5]),
        test=np.asarray([3, 4]),
    )
    np.testing.assert_array_equal(KnnAccuracy(1).values(raw.on(table), table), [0, 1])
    np.testing.assert_array_equal(KnnAccuracy(3).values(raw.on(table), table), [1, 0])


def test_a_table_judged_on_its_training_rows_is_cross_validated(papers, raw, once):
    expected = cross_val_score(KNeighborsClassifier(10, metric="cosine"), papers.features, papers.labels, cv=5).mean()
    assert once(KnnAccuracy(), raw, papers) == pytest.approx(expected, abs=1e-12)
    assert once(KnnAccuracy(), raw, papers) == pytest.approx(0.824, abs=5e-4)


def test_it_does_not_apply_without_labels_or_enough_rows(classes, raw):
    assert KnnAccuracy().values(raw, replace(classes, labels=None)) is None
    assert KnnAccuracy().values(raw, replace(classes, labels=np.full(400, -1))) is None
    assert KnnAccuracy(k=300).values(raw, classes) is None
    assert KnnAccuracy().values(raw, replace(classes, test=classes.test[:0])) is None
    pairs = np.arange(400) // 2  # no class has a row for each fold
    assert KnnAccuracy(k=1).values(raw, replace(classes, labels=pairs, train=classes.test)) is None


def test_codes_that_are_not_finite_have_no_accuracy(classes, codes, once):
    assert np.isnan(once(KnnAccuracy(), codes(lambda rows: rows * np.nan), classes))
