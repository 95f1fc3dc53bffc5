"""What share of the rows found are of the class, against scikit-learn and orders by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

from zoo.errors import InputError
from zoo.metrics.retrieval_precision import RetrievalPrecision
from zoo.types import Splits


def by_hand(table, rows, k):
    """Precision at k of each row whose class has another, and its average precision."""
    labels, cosines = table.labels[rows], np.round(cosine_similarity(table.features[rows].astype(np.float64)), 10)
    precisions, averages = [], []
    for row in range(len(rows)):
        others = np.delete(np.arange(len(rows)), row)
        right = labels[others] == labels[row]
        if right.any():
            order = others[np.argsort(-cosines[row, others], kind="stable")][:k]
            precisions.append((labels[order] == labels[row]).mean())
            averages.append(average_precision_score(right, cosines[row, others]))
    return np.asarray(precisions), np.asarray(averages)


@pytest.mark.parametrize("k", [1, 10, 100])
def test_it_is_the_share_found_and_sklearns_average_precision(k, classes, known, raw, once):
    precisions, averages = by_hand(classes, known.test, k)
    assert once(RetrievalPrecision(k=k), raw, classes) == pytest.approx(precisions.mean(), abs=1e-12)
    assert once(RetrievalPrecision("map"), raw, classes) == pytest.approx(averages.mean(), abs=1e-12)
    few = by_hand(classes, known.test[:60], 10)[0]
    assert once(RetrievalPrecision(rows=60), raw, classes) == pytest.approx(few.mean(), abs=1e-12)
    np.testing.assert_array_equal(RetrievalPrecision().row_numbers(classes), known.test)


def test_equal_codes_find_what_chance_finds_in_any_order_of_the_rows(classes, known, codes, once):
    constant = codes(np.ones_like)
    labels = classes.labels[known.test]
    shares = np.asarray([((labels == each).sum() - 1) / (len(labels) - 1) for each in labels])
    for order in (known.test, known.test[np.argsort(labels)]):
        table = replace(classes, test=order)
        assert once(RetrievalPrecision(), constant, table) == pytest.approx(shares.mean())
        assert once(RetrievalPrecision("map"), constant, table) == pytest.approx(shares.mean())


def test_rows_contribute_what_the_scores_of_others_owe_to_them(classes, known, raw):
    table = replace(classes, test=known.test[:40])
    cosines = np.round(cosine_similarity(table.features[table.test].astype(np.float64)), 10)
    labels = table.labels[table.test]

    def mean_average_precision(weights):
        scores = []
        for row in range(40):
            order = [other for other in np.argsort(-cosines[row], kind="stable") if other != row]
            right, drawn = labels[order] == labels[row], weights[order]
            precisions = np.cumsum(drawn * right) / np.cumsum(drawn)
            scores.append((drawn * right * precisions).sum() / (drawn * right).sum())
        return np.average(scores, weights=weights)

    metric = RetrievalPrecision("map")
    values = metric.values(raw.on(table), table)
    score = metric.statistic(values, np.ones((1, 40)))[0]
    step = 1e-4
    derivative = [(mean_average_precision(1 + step * np.eye(40)[row]) - score) / step for row in range(40)]
    np.testing.assert_allclose((values[:, 0] - score * values[:, 1]) / 40, derivative, atol=1e-5)
    assert score == pytest.approx(mean_average_precision(np.ones(40)))


def test_a_95_percent_interval_holds_in_most_tables(codes, rng):
    centres = rng.normal(size=(3, 4))
    for metric in (RetrievalPrecision(), RetrievalPrecision("map")):
        scores, errors = [], []
        for _ in range(40):
            labels = rng.integers(0, 3, 150)
            features = (rng.normal(size=(150, 4)) + centres[labels]).astype(np.float32)
            rows = np.arange(150)
            table = Splits(features, rows[:0], rows[:0], rows, labels=labels)
            values = metric.values(codes().on(table), table)
            weights = rng.multinomial(150, np.ones(150) / 150, size=200).astype(float)
            scores.append(metric.statistic(values, np.ones((1, 150)))[0])
            errors.append(metric.statistic(values, weights).std())
        assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.35)  # what rows find alone gives half of it


def test_what_cannot_be_asked_is_said(classes, raw, codes, once):
    metric = RetrievalPrecision()
    assert metric.values(raw, replace(classes, labels=None)) is None
    assert metric.shortage(classes) == ""
    one = replace(classes, labels=np.zeros(400, int))
    assert metric.values(raw, one) is None
    assert "of one class" in metric.shortage(one)
    each = replace(classes, labels=np.arange(400))
    assert metric.values(raw, each) is None
    assert "no class has two" in metric.shortage(each)
    few = replace(classes, test=classes.test[:9])
    assert metric.values(raw, few) is None
    assert "say a smaller k" in metric.shortage(few)
    alone = classes.labels.copy()
    alone[classes.test[5]] = "alone"
    table = replace(classes, labels=alone)
    assert metric.values(raw.on(table), table)[:, 1].sum() == metric.values(raw.on(classes), classes)[:, 1].sum() - 1
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), classes))
    with pytest.raises(InputError, match="no score 'mapp'; did you mean 'map'"):
        RetrievalPrecision("mapp")
