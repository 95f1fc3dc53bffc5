"""The areas against scikit-learn's, query by query."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

from zoo.metrics.pair_auroc import PairAuroc


def areas(vectors, labels):
    cosines = cosine_similarity(vectors.astype(np.float64)).round(9)
    found = []
    for row, label in enumerate(labels):
        others = np.arange(len(labels)) != row
        if len(set(labels[others] == label)) == 2:
            found.append(roc_auc_score(labels[others] == label, cosines[row, others]))
    return found


def test_it_is_the_mean_of_sklearns_areas_of_each_row(classes, known, raw, once):
    expected = areas(classes.features[known.test], classes.labels[known.test])
    np.testing.assert_allclose(PairAuroc().values(raw.on(classes), classes), expected, rtol=1e-10)
    assert once(PairAuroc(), raw, classes) == pytest.approx(np.mean(expected))
    assert len(PairAuroc(rows=50).values(raw.on(classes), classes)) <= 50


def test_equal_cosines_count_half(classes, known, codes):
    coarse = codes(lambda rows: np.sign(rows[:, :2]) + 3 * (rows[:, :2] == 0))
    expected = areas(np.sign(classes.features[known.test, :2]), classes.labels[known.test])
    np.testing.assert_allclose(PairAuroc().values(coarse.on(classes), classes), expected, rtol=1e-10)
    np.testing.assert_allclose(PairAuroc().values(codes(np.ones_like).on(classes), classes), 0.5)


def test_entities_with_a_single_record_are_not_asked(classes, raw):
    labels = np.full(400, -1)
    labels[classes.test[:100]] = np.arange(100) // 2
    labels[classes.test[100:]] = 1000 + np.arange(50)
    table = replace(classes, labels=labels)
    values = PairAuroc().values(raw.on(table), table)
    assert len(values) == 100
    np.testing.assert_allclose(values, areas(classes.features[classes.test], labels[classes.test]), rtol=1e-10)


def test_it_needs_pairs_of_both_kinds_and_finite_codes(classes, raw, codes, once):
    assert PairAuroc().values(raw, replace(classes, labels=None)) is None
    assert PairAuroc().values(raw, replace(classes, labels=np.arange(400))) is None
    assert PairAuroc().values(raw, replace(classes, labels=np.zeros(400, int))) is None
    assert PairAuroc().values(raw, replace(classes, test=classes.test[:0])) is None
    assert np.isnan(once(PairAuroc(), codes(lambda rows: rows * np.nan), classes))
