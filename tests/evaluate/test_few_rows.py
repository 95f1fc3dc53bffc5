"""Intervals of metrics that a resample may leave without a class, and what is said of too few rows."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.evaluate.gates import decide
from zoo.evaluate.judge import Judge
from zoo.metrics.anomaly_auroc import AnomalyAuroc
from zoo.metrics.average_precision import AveragePrecision
from zoo.metrics.class_separation import ClassSeparation
from zoo.types import Gate


class Scoring:
    """The first column is the score, all columns are the code."""

    def __init__(self, name, splits, noise=0.0):
        self.name, self.splits = name, splits
        self.noise = noise * np.random.default_rng(1).normal(size=len(splits))

    def encode(self, rows):
        return self.splits.take(rows)

    def score(self, rows):
        return self.splits.take(rows)[:, 0] + self.noise[rows]

    def on(self, splits):
        return Scoring(self.name, splits)


def table(splits, anomalies, held_out=400):
    """`held_out` rows to judge, the first few of them anomalies, which have larger numbers."""
    rows = np.arange(600)
    labels = np.zeros(600, np.int64)
    labels[:anomalies] = 1
    features = splits.features.copy()
    features[:anomalies, 0] += 30
    return replace(splits, features=features, labels=labels, train=rows[held_out:], test=rows[:held_out])


@pytest.mark.parametrize("metric", [AnomalyAuroc(), AveragePrecision()])
@pytest.mark.parametrize("anomalies", [2, 3, 8])
def test_a_few_anomalies_are_in_every_resample(metric, anomalies, splits):
    few = table(splits, anomalies)
    judged = [Scoring("encoder", few), Scoring("raw", few, noise=20.0)]
    report = Judge().report(judged, {"m": metric}, few)
    score, other = report.scores["encoder"]["m"], report.scores["raw"]["m"]
    assert (score.value, score.low, score.high) == (1, 1, 1)
    assert other.low < other.value < other.high
    verdict = decide(report, {"g": Gate("m", beats=["raw"])}, "encoder")
    assert verdict.blessed is (report.differences["raw"]["m"].low > 0)
    assert decide(report, {"g": Gate("m", at_least=0.9)}, "encoder").blessed


@pytest.mark.parametrize("metric", [AnomalyAuroc(), AveragePrecision()])
def test_a_single_anomaly_gives_a_value_without_an_interval_and_the_verdict_says_why(metric, splits):
    few = table(splits, 1)
    report = Judge(resamples=50).report([Scoring("encoder", few), Scoring("raw", few, 20.0)], {"m": metric}, few)
    score = report.scores["encoder"]["m"]
    assert score.value == 1
    assert np.isnan([score.low, score.high]).all()
    verdict = decide(report, {"g": Gate("m", beats=["raw"], at_least=0.5)}, "encoder")
    assert not verdict.blessed
    assert "g: m is 1.000 but has no interval" in verdict.reasons[0]
    assert "too few of the 400" in verdict.reasons[0]
    assert "against raw" in verdict.reasons[1]
    assert "has no interval" in verdict.reasons[1]


def test_strata_are_resampled_each_by_itself(splits):
    class Sizes:
        """The share of the first stratum, which no resample changes."""

        unit, higher_is_better = "share", True

        def values(self, representation, splits):
            return np.repeat([0.0, 1, 2], [7, 40, 53])

        def strata(self, values):
            return values

        def statistic(self, values, weights):
            shares = np.stack([weights[:, values == each].sum(axis=1) for each in range(3)], axis=1)
            np.testing.assert_array_equal(shares, np.tile([7, 40, 53], (len(weights), 1)))
            if len(weights) > 1:
                assert np.ptp(weights) > 1
            return shares[:, 0] / 100

    report = Judge(resamples=150).report([Scoring("encoder", splits)], {"m": Sizes()}, splits)
    assert report.scores["encoder"]["m"].low == 0.07


@pytest.mark.parametrize(("broken", "has_interval"), [(0, True), (40, True), (80, False)])
def test_a_few_resamples_without_a_value_are_left_out_and_many_are_not(broken, has_interval, splits):
    class Fickle:
        unit, higher_is_better = "share", True

        def values(self, representation, splits):
            return np.linspace(0, 1, 50)

        def statistic(self, values, weights):
            means = weights @ values / 50
            if len(means) > 1:
                self.left, cut = max(self.left - len(means), 0), min(self.left, len(means))
                means[:cut] = np.nan
            return means

    metric = Fickle()
    metric.left = broken
    score = Judge(resamples=1000).report([Scoring("encoder", splits)], {"m": metric}, splits).scores["encoder"]["m"]
    assert score.value == pytest.approx(0.5)
    assert np.isfinite([score.low, score.high]).all() == has_interval


def test_classes_of_two_rows_have_an_interval_of_separation(classes):
    rows = classes.test[:40]
    labels = np.full(400, -1)
    labels[rows] = np.arange(40) // 2
    few = replace(classes, labels=labels)
    report = Judge(resamples=300).report([Scoring("encoder", few)], {"m": ClassSeparation()}, few)
    score = report.scores["encoder"]["m"]
    assert score.low <= score.value <= score.high
    single = labels.copy()
    single[rows[0]] = -1  # a class of one row, which counts for the others' sake only
    few = replace(classes, labels=single)
    score = Judge(resamples=300).report([Scoring("encoder", few)], {"m": ClassSeparation()}, few).scores["encoder"]["m"]
    assert np.isfinite([score.low, score.high]).all()


@pytest.fixture
def classes(rng):
    features = rng.normal(size=(400, 6)).astype(np.float32)
    from zoo.types import Splits

    rows = rng.permutation(400)
    return Splits(features, train=rows[:250], validation=rows[:0], test=rows[250:])
