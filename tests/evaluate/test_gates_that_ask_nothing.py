"""Gates and champions that nothing can be held against must not pass."""

import numpy as np
import pytest

from zoo.evaluate.gates import decide
from zoo.evaluate.judge import Judge
from zoo.types import Gate, Report, Score

GOOD = Score(0.5, 0.4, 0.6, 10)


def report(**differences):
    scores = {"encoder": {"m": GOOD}, **{name: {"m": GOOD} for name in differences}}
    return Report(scores, differences, {"encoder": 2}, {"m": "share"}, {"m": True}, 0.95, 1000)


def test_a_gate_without_a_condition_does_not_hide_behind_one_that_passes():
    gates = {"strict": Gate("m", at_least=0.1), "empty": Gate("m")}
    verdict = decide(report(), gates, "encoder")
    assert not verdict.blessed
    assert any("empty" in reason for reason in verdict.reasons)


def test_a_gate_on_a_metric_that_is_not_measured_names_it():
    verdict = decide(report(raw={}), {"g": Gate("typo", beats=["raw"])}, "encoder")
    assert not verdict.blessed
    assert "typo" in verdict.reasons[0]
    assert verdict.gates[0].difference is None


@pytest.mark.parametrize("margin", [float("nan"), float("inf")])
def test_a_margin_that_is_no_number_is_not_exceeded(margin):
    verdict = decide(report(raw={"m": GOOD}), {"g": Gate("m", beats=["raw"], margin=margin)}, "encoder")
    assert not verdict.blessed


def test_without_a_gate_the_champion_is_not_beaten():
    assert decide(report(champion={"m": GOOD}), {}, "encoder", champion="champion").beats_champion is not True


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_champion_whose_difference_is_no_number_is_not_beaten(value):
    spoilt = report(champion={"m": Score(value, value, value, 10)})
    verdict = decide(spoilt, {"g": Gate("m", at_least=0.1)}, "encoder", champion="champion")
    assert verdict.blessed
    assert verdict.beats_champion is False


def test_a_metric_that_gives_no_number_is_judged_but_does_not_pass(splits):
    class Broken:
        unit, higher_is_better = "units", True

        def values(self, representation, splits):
            return np.full(20, np.nan)

        def statistic(self, values, weights):
            return weights @ values / weights.sum(axis=1)

    class Rows:
        def __init__(self, name):
            self.name = name

        def encode(self, rows):
            return splits.take(rows)

    judged = Judge(resamples=50).report([Rows("encoder"), Rows("raw")], {"m": Broken()}, splits)
    assert np.isnan(judged.scores["encoder"]["m"].value)
    verdict = decide(judged, {"g": Gate("m", beats=["raw"], at_least=0.0)}, "encoder")
    assert [result.passed for result in verdict.gates] == [False, False]
