"""Gates fail closed."""

import dataclasses
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
    ("champion", "expected", "reason"),
    [
        ((0.1, 0.05, 0.2), True, ""),
        ((-0.001, -0.009, 0.007), True, ""),  # .01 worse at the most
        ((-0.005, -0.011, 0.001), False, "m may be worse than the champion's by more than 0.01: the difference is"),
        ((0.02, -0.02, 0.06), False, "m may be worse"),  # few rows: it is better on these, and could be worse
        ((0.0, 0.0, 0.0), True, ""),  # the same encoder again
        ((-0.1, -0.2, -0.05), False, "m is worse than the champion's by -0.100 [-0.200, -0.050]"),
        ((-0.002, -0.003, -0.001), True, ""),  # surely worse, and by less than the margin
        ((0.1, math.nan, math.nan), False, "m could not be compared"),
        ((), False, "m could not be compared"),
    ],
)
def test_the_champion_stays_unless_the_new_encoder_is_shown_to_be_not_worse_by_more_than_a_margin(
    champion, expected, reason
):
    verdict = decide(report(champion=champion), {"g": Gate("m", beats=["raw"])}, "encoder", "champion")
    assert verdict.blessed
    assert verdict.beats_champion is expected
    assert [each.startswith(reason) for each in verdict.champion_reasons] == [True] * (not expected)
    (result,) = verdict.champion_gates
    assert (result.against, result.required, result.passed) == ("champion", -0.01, expected)
    assert decide(report(), {"g": Gate("m", beats=["raw"])}, "encoder").beats_champion is None


@pytest.mark.parametrize(
    ("margins", "expected"), [([0.03], True), ([0.0], False), ([None, 0.03], True), ([0.03, 0.0], False)]
)
def test_the_margin_to_the_champion_is_the_gates_and_the_narrowest_counts(margins, expected):
    gates = {str(i): Gate("m", beats=["raw"], champion_margin=margin) for i, margin in enumerate(margins)}
    assert decide(report(champion=(0, -0.02, 0.02)), gates, "encoder", "champion").beats_champion is expected


def test_of_scores_beyond_1_the_margin_is_a_hundredth():
    champion, difference = Score(88.0, 87.0, 89.0, 10), Score(-0.5, -0.8, -0.2, 10)
    nats = Report(
        {"encoder": {"m": Score(88.5, 88, 89, 10)}, "champion": {"m": champion}},
        {"champion": {"m": difference}}, {"encoder": 2}, {"m": "nats"}, {"m": False}, 0.95, 1000,
    )  # fmt: skip
    verdict = decide(nats, {"g": Gate("m", at_least=1)}, "encoder", "champion")
    assert verdict.champion_gates[0].required == pytest.approx(-0.88)
    assert verdict.beats_champion


def compared(champion, directions):
    """A report of metrics a and b, both blessed; the champion has the given scores and differences."""
    own = {"a": Score(0.6, 0.5, 0.7, 10), "b": Score(90.0, 89.0, 91.0, 10)}
    scores = {"encoder": own, "raw": own, "champion": {name: each and own[name] for name, each in champion.items()}}
    ahead = {name: Score(0.2, 0.1, 0.3, 10) for name in own}
    differences = {"raw": ahead, "champion": {name: each for name, each in champion.items() if each}}
    return Report(scores, differences, {"encoder": 2}, dict.fromkeys(own, "x"), directions, 0.95, 1000)


AHEAD, BEHIND = Score(0.1, 0.05, 0.15, 10), Score(-2.0, -3.0, -1.0, 10)
BOTH = {"a": Gate("a", beats=["raw"]), "b": Gate("b", beats=["raw"])}


@pytest.mark.parametrize(
    ("champion", "promoted", "reasons"),
    [
        ({"a": AHEAD, "b": None}, True, []),  # an exported VAE has no likelihood: the rest decides
        ({"a": BEHIND, "b": None}, False, ["a is worse"]),
        ({"a": None, "b": None}, True, []),
        ({"a": AHEAD, "b": BEHIND}, False, ["b is worse"]),
    ],
)
def test_a_metric_that_the_champion_cannot_have_is_noted_and_decides_nothing(champion, promoted, reasons):
    verdict = decide(compared(champion, {"a": True, "b": False}), BOTH, "encoder", "champion")
    assert verdict.blessed
    assert verdict.beats_champion is promoted
    assert [reason[: len(want)] for reason, want in zip(verdict.champion_reasons, reasons, strict=True)] == reasons
    absent = [name for name, each in champion.items() if each is None]
    assert [note.split()[0] for note in verdict.champion_notes] == absent


def test_a_gate_on_a_metric_that_ranks_none_does_not_keep_the_champion():
    gates = {"a": Gate("a", beats=["raw"]), "b": Gate("b", at_least=1)}
    report = compared({"a": AHEAD, "b": AHEAD}, {"a": True, "b": None})
    del report.differences["champion"]["b"]  # as the judge leaves them out
    verdict = decide(report, gates, "encoder", "champion")
    assert verdict.beats_champion is True
    assert not verdict.champion_reasons


def test_a_champion_that_was_not_judged_at_all_stays():
    report = compared({"a": AHEAD, "b": AHEAD}, {"a": True, "b": False})
    unseen = dataclasses.replace(report, scores={"encoder": report.scores["encoder"]}, differences={})
    verdict = decide(unseen, {"a": Gate("a", at_least=0.1)}, "encoder", "champion")
    assert verdict.beats_champion is False
    assert "could not be compared" in verdict.champion_reasons[0]


@pytest.mark.parametrize(("other", "promoted"), [(AHEAD, True), (BEHIND, False), (None, True)])
def test_where_no_gate_can_be_compared_the_other_metrics_are(other, promoted):
    report = compared({"a": other, "b": None}, {"a": True, "b": False})
    verdict = decide(report, {"b": BOTH["b"]}, "encoder", "champion")
    assert verdict.blessed
    assert verdict.beats_champion is promoted
    assert [reason.split()[0] for reason in verdict.champion_reasons] == ["a"] * (not promoted)
    assert [note.split()[0] for note in verdict.champion_notes] == ["b"]
