"""How scores tell anomalies, against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from zoo.metrics.anomaly_auroc import AnomalyAuroc
from zoo.metrics.average_precision import AveragePrecision

SCORES = {AnomalyAuroc: roc_auc_score, AveragePrecision: average_precision_score}


@pytest.fixture
def table(classes, rng):
    """Every fifth row an anomaly, which has larger numbers; two held-out rows are not known."""
    labels = (np.arange(400) % 5 == 0).astype(np.int64)
    features = classes.features + labels[:, None].astype(np.float32) * 0.5
    labels[classes.test[:2]] = -1
    return replace(classes, features=features, labels=labels)


@pytest.fixture
def scorer(codes):
    return codes(scores=lambda rows: (rows**2).sum(axis=1).round())  # rounded, so that scores tie


@pytest.mark.parametrize("metric", SCORES)
def test_it_is_sklearns_of_all_held_out_rows(metric, table, scorer, once):
    rows = table.test[2:]
    expected = SCORES[metric](table.labels[rows], scorer.scores(table.features[rows]))
    assert once(metric(), scorer, table) == pytest.approx(expected, abs=1e-12)
    assert metric().values(scorer.on(table), table).shape == (148, 2)
    as_text = replace(table, labels=np.asarray([str(each) for each in table.labels], dtype=object))
    assert once(metric(), scorer, as_text) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", SCORES)
def test_resamples_are_sklearns_with_sample_weights(metric, table, scorer, rng):
    values = metric().values(scorer.on(table), table)
    weights = rng.multinomial(len(values), np.ones(len(values)) / len(values), size=20).astype(float)
    expected = [SCORES[metric](values[:, 1], values[:, 0], sample_weight=row) for row in weights]
    np.testing.assert_allclose(metric().statistic(values, weights), expected, rtol=1e-10)


@pytest.mark.parametrize("metric", SCORES)
def test_a_resample_without_an_anomaly_has_no_score(metric):
    values = np.column_stack([np.arange(4.0), [0, 1, 0, 1]])
    scores = metric().statistic(values, np.asarray([[1.0, 0, 2, 0], [1, 1, 1, 1]]))
    np.testing.assert_array_equal(np.isnan(scores), [True, False])
    values[0, 0] = np.nan
    assert np.isnan(metric().statistic(values, np.ones((2, 4)))).all()


@pytest.mark.parametrize("metric", SCORES)
def test_it_needs_a_score_and_labels_that_are_0_and_1(metric, table, scorer, raw, classes):
    assert metric().values(raw, table) is None
    assert metric().values(scorer, replace(table, labels=None)) is None
    assert metric().values(scorer, classes) is None
    assert metric().values(scorer, replace(table, labels=np.zeros(400, int))) is None
    assert metric().values(scorer, replace(table, labels=np.arange(400) % 3)) is None


@pytest.mark.parametrize("metric", SCORES)
@pytest.mark.parametrize(
    ("anomalies", "said"),
    [(10, ""), (9, "9 anomalies are held out"), (1, "a single one"), (0, "the labels there are 0")],
)
def test_too_few_anomalies_are_told_before_anything_is_trained(metric, anomalies, said, table):
    labels = np.zeros(400, np.int64)
    labels[table.test[:anomalies]] = 1
    found = metric().shortage(replace(table, labels=labels))
    assert said in found if said else found == ""
    if said and anomalies:
        swapped = metric().shortage(replace(table, labels=1 - labels))
        assert swapped == found.replace("anomalies", "normal rows")
    assert metric().shortage(replace(table, labels=None)) == ""  # said by `needs_labels`
