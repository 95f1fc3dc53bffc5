"""Copies among the held-out rows, by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.evaluate._duplicates import duplicates
from zoo.evaluate.judge import Judge
from zoo.metrics.calinski_harabasz import CalinskiHarabasz
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.representations.raw import Raw
from zoo.types import Splits


@pytest.fixture
def rows(rng):
    """Rows 0 to 9 to train; of the others 10 and 11 copy row 3, 13 and 14 copy 12, 15 and 17 nearly copy 12 and 4."""
    rows = rng.normal(size=(20, 8)).astype(np.float32)
    rows[[10, 11]] = rows[3]
    rows[[13, 14]] = rows[12]
    rows[15] = rows[12] * 1.01
    rows[16] = rows[12] * 2  # the same direction at another length is another row
    rows[17] = rows[4] + 1e-3
    return rows


def table(rows, **more):
    order = np.arange(rows.shape[0])
    return Splits(rows, train=order[:10], validation=order[:0], test=order[10:], **more)


@pytest.mark.parametrize("sparse", [False, True])
def test_copies_are_counted(sparse, rows):
    found, copies = duplicates(table(csr_array(rows) if sparse else rows))
    assert (found.rows, found.exact, found.near, found.of_training, found.near_training) == (10, 5, 1, 2, 1)
    assert found.looked_at == 10
    np.testing.assert_array_equal(copies, [10, 11, 13, 14])


def test_a_table_judged_on_its_training_rows_copies_none_of_itself(rng):
    rows = rng.normal(size=(20, 8)).astype(np.float32)
    order = np.arange(20)
    found, copies = duplicates(Splits(rows, train=order, validation=order[:5], test=order))
    assert (found.exact, found.of_training, found.near_training) == (0, 0, 0)
    assert not len(copies)


def test_rows_of_zeros_are_near_to_nothing_but_exact_copies():
    rows = np.zeros((20, 4), np.float32)
    found, copies = duplicates(table(rows))
    assert (found.exact, found.near, found.of_training, found.near_training) == (10, 0, 10, 0)
    assert len(copies) == 10


def test_near_copies_are_sought_for_a_sample_of_a_large_table(rows, monkeypatch):
    monkeypatch.setattr("zoo.evaluate._duplicates._WORK", 8 * 20 * 4)
    found, _ = duplicates(table(rows))
    assert found.looked_at == 4
    assert found.rows == 10


def test_the_score_without_copies_is_that_of_the_other_rows(rng):
    rows = rng.normal(size=(400, 6)).astype(np.float32)
    rows[300:350] = rows[:50]
    labels = rng.integers(2, size=400)
    labels[300:350] = labels[:50]
    order = np.arange(400)
    splits = Splits(rows, train=order[:200], validation=order[:0], test=order[200:], labels=labels)
    metrics = {"knn": KnnAccuracy(k=1)}
    judge = Judge(resamples=100)
    report = judge.report([Raw().fit("encoder", splits, None)], metrics, splits)
    assert report.duplicates.of_training == 50
    fewer = replace(splits, test=np.setdiff1d(splits.test, np.arange(300, 350)))
    without = judge.report([Raw().fit("encoder", fewer, None)], metrics, fewer).scores["encoder"]["knn"]
    assert report.without_duplicates["encoder"]["knn"] == without
    assert without.value < report.scores["encoder"]["knn"].value - 0.05
    clustered = {"ch": CalinskiHarabasz(clusters=3)}
    index = judge.report([Raw().fit("encoder", splits, None)], clustered, splits).without_duplicates["encoder"]["ch"]
    assert index.low < index.value < index.high
    assert not judge.report([Raw().fit("encoder", fewer, None)], metrics, fewer).without_duplicates
