"""Gates fail closed."""

import math

import pytest

from zoo.evaluate.gates import decide
from zoo.types import Gate, Report, Score


def report(difference=(0.2, 0.1, 0.3), own=(0.6, 0.5, 0.7), champion=None):
    differences = {"raw": {"m": Score(*difference, 10)} if difference else {}}
    scores = {"encoder": {"m": Score(*own, 10) if own else None}, "raw": {"m": Score(0.4, 0.3, 0.5, 10)}}
    if champion is not None:
        differences["champion"] = {"m": Score(*champion, 10)} if champion else {}
        scores["champion"] = {"m": Score(0.5, 0.4, 0.6, 10)}
    return Report(scores, differences, {"encoder": 2, "raw": 4}, {"m": "share"}, {"m": True}, 0.95, 1000)


def blessed(gate, **arguments):
    verdict = decide(report(**arguments), {"g": gate}, "encoder")
    assert verdict.blessed is not bool(verdict.reasons)
    return verdict.blessed


def test_a_win_is_blessed_and_explained():
    verdict = decide(report(), {"g": Gate("m", beats=["raw"])}, "encoder")
    assert verdict.blessed
    (result,) = verdict.gates
    assert (result.against, result.passed, result.difference.value, result.baseline.value) == ("raw", True, 0.2, 0.4)


@pytest.mark.parametrize(("margin", "expected"), [(0.0, True), (0.09, True), (0.1, False), (0.15, False), (-1.0, True)])
def test_the_lower_bound_must_exceed_the_margin(margin, expected):
    assert blessed(Gate("m", beats=["raw"], margin=margin)) is expected


@pytest.mark.parametrize(("required", "expected"), [(0.4, True), (0.5, True), (0.51, False), (0.6, False)])
def test_the_lower_bound_must_reach_a_number(required, expected):
    assert blessed(Gate("m", at_least=required)) is expected


def test_every_comparison_of_every_gate_must_pass():
    gates = {"a": Gate("m", beats=["raw"]), "b": Gate("m", beats=["raw"], at_least=0.9)}
    verdict = decide(report(), gates, "encoder")
    assert not verdict.blessed
    assert [result.passed for result in verdict.gates] == [True, False, True]
    assert len(verdict.reasons) == 1
    assert "0.4000 are missing" in verdict.reasons[0]


def test_no_gate_no_blessing():
    assert "no gate" in decide(report(), {}, "encoder").reasons[0]


@pytest.mark.parametrize(
    ("gate", "arguments"),
    [
        (Gate("m", beats=["raw"]), {"difference": None}),
        (Gate("m", beats=["raw"]), {"difference": (math.nan, math.nan, math.nan)}),
        (Gate("m", beats=["raw"]), {"difference": (0.2, 0.1, math.inf)}),
        (Gate("m", beats=["raw"]), {"difference": (0.2, math.nan, 0.3)}),
        (Gate("m", at_least=0.1), {"own": None}),
        (Gate("m", at_least=0.1), {"own": (math.nan, 0.5, 0.7)}),
        (Gate("unknown", beats=["raw"]), {}),
        (Gate("m", beats=["unknown"]), {}),
        (Gate("m", beats=["raw", "unknown"]), {}),
    ],
)
def test_what_cannot_be_measured_does_not_pass(gate, arguments):
    assert blessed(gate, **arguments) is False


@pytest.mark.parametrize(
    ("champion", "expected"),
    [
        ((0.1, 0.05, 0.2), True),
        ((-0.1, -0.2, 0.05), True),
        ((0.0, 0.0, 0.0), True),
        ((-0.1, -0.2, -0.05), False),
        ((), False),
    ],
)
def test_the_champion_stays_if_the_new_encoder_is_surely_worse(champion, expected):
    verdict = decide(report(champion=champion), {"g": Gate("m", beats=["raw"])}, "encoder", "champion")
    assert verdict.blessed
    assert verdict.beats_champion is expected
    assert bool(verdict.champion_reasons) is not expected
    assert decide(report(), {"g": Gate("m", beats=["raw"])}, "encoder").beats_champion is None
