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
    assert once(PairAuroc(), raw, classes) == pytest.approx(np.mean(expected), rel=1e-10)
    assert PairAuroc().values(raw.on(classes), classes)[:, 1].sum() == len(expected)
    assert len(PairAuroc(rows=50).values(raw.on(classes), classes)) <= 50


def test_equal_cosines_count_half(classes, known, codes, once):
    coarse = codes(lambda rows: np.sign(rows[:, :2]) + 3 * (rows[:, :2] == 0))
    expected = areas(np.sign(classes.features[known.test, :2]), classes.labels[known.test])
    assert once(PairAuroc(), coarse, classes) == pytest.approx(np.mean(expected), rel=1e-10)
    assert once(PairAuroc(), codes(np.ones_like), classes) == 0.5


def test_a_row_is_owed_what_areas_change_by_when_it_counts_a_little_more(classes, raw, codes):
    few = replace(classes, test=classes.test[:30])
    taken = PairAuroc().row_numbers(few)
    labels = few.labels[taken]
    for name in (raw, codes(lambda rows: np.sign(rows[:, :2]) + 3 * (rows[:, :2] == 0))):  # the second has equal ones
        vectors = name.on(few).encode(taken).astype(np.float64)
        cosines = cosine_similarity(vectors).round(9)

        def score(weights, cosines=cosines):
            """The mean area by loops over rows, pairs weighted by their two rows."""
            areas, asked = [], []
            for row, label in enumerate(labels):
                own = (labels == label) & (np.arange(len(labels)) != row)
                other = labels != label
                right = (cosines[row, own, None] > cosines[row, other]) + (
                    cosines[row, own, None] == cosines[row, other]
                ) / 2
                if own.any() and other.any():
                    areas.append(weights[own] @ right @ weights[other] / weights[own].sum() / weights[other].sum())
                    asked.append(weights[row])
            return np.average(areas, weights=asked)

        values, even = PairAuroc().values(name.on(few), few), np.ones(len(taken))
        assert PairAuroc().statistic(values, even[None])[0] == pytest.approx(score(even))
        for row in range(0, len(taken), 5):
            more = even + 1e-5 * (np.arange(len(taken)) == row)
            expected = (score(more) - score(even)) / 1e-5
            found = np.diff(PairAuroc().statistic(values, np.stack([even, more])))[0] / 1e-5
            assert found == pytest.approx(expected, abs=1e-5)


def test_entities_with_a_single_record_are_not_asked(classes, raw, once):
    labels = np.full(400, -1)
    labels[classes.test[:100]] = np.arange(100) // 2
    labels[classes.test[100:]] = 1000 + np.arange(50)
    table = replace(classes, labels=labels)
    values = PairAuroc().values(raw.on(table), table)
    assert values[:, 1].tolist() == [1] * 100 + [0] * 50
    expected = areas(classes.features[classes.test], labels[classes.test])
    assert once(PairAuroc(), raw, table) == pytest.approx(np.mean(expected), rel=1e-10)


def test_it_needs_pairs_of_both_kinds_and_finite_codes(classes, raw, codes, once):
    assert PairAuroc().values(raw, replace(classes, labels=None)) is None
    assert PairAuroc().values(raw, replace(classes, labels=np.arange(400))) is None
    assert PairAuroc().values(raw, replace(classes, labels=np.zeros(400, int))) is None
    assert PairAuroc().values(raw, replace(classes, test=classes.test[:0])) is None
    assert np.isnan(once(PairAuroc(), codes(lambda rows: rows * np.nan), classes))
