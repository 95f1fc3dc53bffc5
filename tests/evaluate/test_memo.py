"""Codes and scores of rows are computed once, whatever metrics ask for."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from zoo.evaluate._memo import Memo
from zoo.evaluate.judge import Judge
from zoo.metrics.anomaly_auroc import AnomalyAuroc
from zoo.metrics.average_precision import AveragePrecision
from zoo.metrics.class_separation import ClassSeparation
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.metrics.linear_probe import LinearProbe
from zoo.types import Reconstructs, Scores


class Counting:
    """Codes and scores of a table's rows, and how often each row was asked for."""

    def __init__(self, name, splits):
        self.name, self.splits = name, splits
        self.encoded, self.scored = np.zeros(len(splits), int), np.zeros(len(splits), int)

    def encode(self, rows):
        np.add.at(self.encoded, rows, 1)
        return self.splits.take(rows)[:, :4]

    def score(self, rows):
        np.add.at(self.scored, rows, 1)
        return self.splits.take(rows)[:, 0]


def test_all_metrics_together_encode_and_score_a_row_once(splits):
    table = replace(splits, labels=np.arange(600) % 2)
    pair = [Counting("encoder", table), Counting("raw", table)]
    metrics = {
        "knn": KnnAccuracy(),
        "probe": LinearProbe(),
        "separation": ClassSeparation(),
        "auroc": AnomalyAuroc(),
        "precision": AveragePrecision(),
    }
    report = Judge(resamples=20).report(pair, metrics, table)
    for each in pair:
        used = np.union1d(table.train, table.test)
        assert set(each.encoded[used]) == {1}
        assert set(each.scored[table.test]) == {1}
        assert not each.encoded[table.validation].any()
    alone = {name: Judge(resamples=20).report(pair, {name: metric}, table) for name, metric in metrics.items()}
    assert {name: report.scores["encoder"][name] for name in metrics} == {
        name: one.scores["encoder"][name] for name, one in alone.items()
    }


def test_a_memo_gives_what_the_function_gives_in_any_order():
    table = np.random.default_rng(0).normal(size=(50, 3))
    memo = Memo(lambda rows: table[rows], 50, 10_000)
    for rows in ([3, 1, 3], [1, 2, 0], [], np.arange(50)[::-1], [49, 0]):
        np.testing.assert_array_equal(memo(np.asarray(rows, int)), table[np.asarray(rows, int)])


def test_a_memo_is_bounded_and_leaves_sparse_rows_alone():
    asked = []

    def function(rows):
        asked.append(len(rows))
        return np.ones((len(rows), 10))

    memo = Memo(function, 100, most=300)
    for rows in (np.arange(20), np.arange(40), np.arange(40), np.arange(20)):
        assert memo(rows).shape == (len(rows), 10)
    assert asked == [20, 40, 40]  # 20 rows of 10 fit, 40 do not, and the 20 stay
    rows = sparse.csr_array(np.eye(5, dtype=np.float32))
    assert (Memo(lambda numbers: rows[numbers], 5, 10)(np.asarray([4, 2])) != rows[[4, 2]]).nnz == 0


@pytest.mark.parametrize("protocol", [Scores, Reconstructs])
def test_what_a_representation_can_do_is_whether_it_has_the_method(protocol, splits):
    assert isinstance(Counting("x", splits), protocol) is (protocol is Scores)
