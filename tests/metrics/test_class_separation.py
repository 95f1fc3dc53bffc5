"""The ratio against all pairs of rows."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.metrics.pairwise import cosine_similarity

from zoo.metrics.class_separation import ClassSeparation


def by_pairs(vectors, labels, weights=None):
    """The mean ratio, from the matrix of cosines; a pair counts as often as its rows, none with itself."""
    cosines = (1 + cosine_similarity(vectors.astype(np.float64))) / 2
    weights = np.ones(len(labels)) if weights is None else weights
    pairs = np.outer(weights, weights) * (1 - np.eye(len(labels)))
    ratios = []
    for label in sorted(set(labels)):
        same = np.outer(labels == label, labels == label)
        other = np.outer(labels == label, labels != label)
        if (pairs * same).sum() and (pairs * other).sum():
            ratios.append(np.average(cosines, weights=pairs * same) / np.average(cosines, weights=pairs * other))
    return np.mean(ratios)


def test_it_is_the_ratio_of_the_mean_cosines_of_all_pairs(classes, known, raw, once):
    expected = by_pairs(classes.features[known.test], classes.labels[known.test])
    assert once(ClassSeparation(), raw, classes) == pytest.approx(expected, rel=1e-10)
    assert expected > 1.05
    few = known.test[:25]
    assert once(ClassSeparation(25), raw, classes) == pytest.approx(
        by_pairs(classes.features[few], classes.labels[few])
    )


def test_resamples_count_pairs_of_different_rows_as_often_as_the_rows_were_drawn(classes, known, raw, rng):
    metric = ClassSeparation()
    values = metric.values(raw.on(classes), classes)
    weights = rng.multinomial(len(values), np.ones(len(values)) / len(values), size=3).astype(float)
    expected = [by_pairs(classes.features[known.test], classes.labels[known.test], row) for row in weights]
    np.testing.assert_allclose(metric.statistic(values, weights), expected, rtol=1e-10)


def test_rows_wider_than_many_and_sparse_rows_keep_their_cosines(rng, raw, classes, once):
    wide = rng.normal(size=(400, 900)).astype(np.float32) * (rng.random((400, 900)) < 0.1)
    rows = [row for row in classes.test if classes.labels[row]]
    expected = by_pairs(wide[rows], classes.labels[rows])
    for features in (wide, sparse.csr_array(wide), wide.reshape(400, 30, 30, 1)):
        wide = replace(classes, features=features)
        values = ClassSeparation().values(raw.on(wide), wide)
        assert values.shape[1] <= len(rows) + 2
        assert once(ClassSeparation(), raw, replace(classes, features=features)) == pytest.approx(expected, rel=1e-8)


def test_classes_of_one_row_are_left_out_and_collapsed_codes_give_1(classes, known, raw, codes, once):
    labels = classes.labels.copy()
    labels[known.test[0]] = "alone"
    expected = by_pairs(classes.features[known.test], labels[known.test])
    assert once(ClassSeparation(), raw, replace(classes, labels=labels)) == pytest.approx(expected)
    assert once(ClassSeparation(), codes(np.ones_like), classes) == pytest.approx(1)


def test_it_needs_two_classes_and_finite_codes(classes, raw, codes, once):
    assert ClassSeparation().values(raw, replace(classes, labels=None)) is None
    assert ClassSeparation().values(raw, replace(classes, labels=np.zeros(400, int))) is None
    assert ClassSeparation().values(raw, replace(classes, labels=np.arange(400))) is None
    assert np.isnan(once(ClassSeparation(), codes(lambda rows: rows * np.nan), classes))


def test_one_class_alone_and_cosines_as_they_are(classes, known, raw, once):
    vectors, labels = classes.features[known.test], classes.labels[known.test]
    cosines = cosine_similarity(vectors.astype(np.float64))
    pairs = 1 - np.eye(len(labels))

    def ratio_of(label, cosines):
        same, other = (np.outer(labels == label, which) * pairs for which in (labels == label, labels != label))
        return np.average(cosines, weights=same) / np.average(cosines, weights=other)

    found = [once(ClassSeparation(label=label), raw, classes) for label in "abcd"]
    np.testing.assert_allclose(found, [ratio_of(label, (1 + cosines) / 2) for label in "abcd"])
    assert once(ClassSeparation(), raw, classes) == pytest.approx(np.mean(found))
    plain = ClassSeparation(label="b", rescaled=False)
    assert once(plain, raw, classes) == pytest.approx(ratio_of("b", cosines))
    assert plain.higher_is_better is None
    expected = np.mean([ratio_of(label, cosines) for label in "abcd"])
    assert once(ClassSeparation(rescaled=False), raw, classes) == pytest.approx(expected)
    assert ClassSeparation(label="z").values(raw.on(classes), classes) is None
    assert "fewer than two have the label z" in ClassSeparation(label="z").shortage(classes)
    assert ClassSeparation(label="a").shortage(classes) == ""
