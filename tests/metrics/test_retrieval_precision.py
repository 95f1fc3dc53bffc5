"""What share of the rows found are of the class, against scikit-learn and orders by hand."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from sklearn.metrics.pairwise import cosine_similarity

from zoo.errors import InputError
from zoo.metrics.retrieval_precision import RetrievalPrecision


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
    np.testing.assert_allclose(RetrievalPrecision(k=k).values(raw.on(classes), classes), precisions, atol=1e-12)
    np.testing.assert_allclose(RetrievalPrecision("map").values(raw.on(classes), classes), averages, atol=1e-12)
    assert once(RetrievalPrecision("map"), raw, classes) == pytest.approx(averages.mean())
    few = by_hand(classes, known.test[:60], 10)[0]
    np.testing.assert_allclose(RetrievalPrecision(rows=60).values(raw.on(classes), classes), few)
    np.testing.assert_array_equal(RetrievalPrecision().row_numbers(classes), known.test)


def test_equal_codes_find_what_chance_finds_in_any_order_of_the_rows(classes, known, codes, once):
    constant = codes(np.ones_like)
    labels = classes.labels[known.test]
    shares = np.asarray([((labels == each).sum() - 1) / (len(labels) - 1) for each in labels])
    for order in (known.test, known.test[np.argsort(labels)]):
        table = replace(classes, test=order)
        assert once(RetrievalPrecision(), constant, table) == pytest.approx(shares.mean())
        assert once(RetrievalPrecision("map"), constant, table) == pytest.approx(shares.mean())


def test_ties_are_worth_the_mean_over_their_orders(codes):
    from zoo.types import Splits

    angles = np.asarray([0.0, 0.3, 0.3, 0.3, 0.6])
    rows = np.arange(5)
    table = Splits(
        np.column_stack([np.cos(angles), np.sin(angles)]).astype(np.float64),
        train=rows[:0],
        validation=rows[:0],
        test=rows,
        labels=np.asarray([0, 0, 1, 1, 0]),
    )
    identity = codes(lambda block: block).on(replace(table, features=table.features.astype(np.float32)))
    found = RetrievalPrecision(k=2).values(identity, table)
    # row 0 finds two of the three at angle .3, one of which is of its class; the last row likewise
    assert found[0] == pytest.approx(1 / 3)
    assert found[4] == pytest.approx(1 / 3)


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
    assert len(metric.values(raw.on(table), table)) == len(metric.values(raw.on(classes), classes)) - 1
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), classes))
    with pytest.raises(InputError, match="no score 'mapp'; did you mean 'map'"):
        RetrievalPrecision("mapp")
