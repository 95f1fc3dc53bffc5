"""What is to be tried with an encoder that is not blessed follows from what was measured."""

import pytest

from zoo.evaluate.gates import decide
from zoo.report.advice import next_steps
from zoo.report.messages import better_for_less
from zoo.types import Gate, GateResult, Report, Score, Trained, Verdict

GATES = {"g": Gate("m", beats=["raw"])}


def steps(difference, *, count=500, history=10, best=4, keep=None, gates=GATES, **more):
    scores = {"encoder": {"m": None if difference is None else Score(0.5, 0.4, 0.6, count)}}
    scores["raw"] = {"m": Score(0.4, 0.3, 0.5, count)}
    differences = {"raw": {} if difference is None else {"m": Score(*difference, count)}}
    report = Report(scores, differences, {"encoder": 2, "raw": 4}, {"m": "share"}, {"m": True}, 0.95, 1000, **more)
    losses = [abs(epoch - best) + 1.0 for epoch in range(history)]
    trained = Trained(None, None, tuple({"val_loss": loss} for loss in losses), keep if keep is not None else best, 1.0)
    return list(next_steps(report, decide(report, gates, "encoder"), trained))


@pytest.mark.parametrize(
    ("difference", "arguments", "said"),
    [
        ((-0.2, -0.3, -0.1), {}, "raw is better in m: use it where that counts"),
        ((-0.01, -0.1, 0.1), {}, "raw is as good in m, as far as these rows tell: use it"),
        # half as wide an interval would do, which takes four times the rows
        ((0.1, -0.1, 0.3), {}, "it would show if about 2,000 rows, pairs or queries judge instead of 500"),
        ((-0.01, -0.1, 0.1), {}, "more epochs or more training rows may tell"),
        ((1e-9, -0.1, 0.1), {}, "more epochs or more training rows may tell"),
        ((-0.01, -0.1, 0.1), {"count": 20}, "only 20 rows, pairs or queries judge"),
        (None, {}, "needs other data or another gate in its place"),
        (None, {"gates": {**GATES, "h": Gate("n", beats=["raw"])}}, "needs other data"),
        ((0.1, -0.2, 0.4), {"best": 9}, "train.epochs=20 may go further"),
        ((float("nan"),) * 3, {"reasons": {"encoder": {"m": "its codes are all the same"}}}, "have the same code"),
    ],
)
def test_each_fault_has_its_advice(difference, arguments, said):
    assert any(said in step for step in steps(difference, **arguments))


def test_a_blessed_encoder_needs_none():
    assert not steps((0.2, 0.1, 0.3), best=9)


def test_nothing_is_advised_that_was_not_measured():
    assert len(steps((-0.2, -0.3, -0.1))) == 1
    assert len(steps((0.1, -0.1, 0.3))) == 1
    assert not any("as good" in step for step in steps((0.1, -0.1, 0.3)))


def test_the_weights_that_are_kept_do_not_say_which_epoch_was_best():
    assert not any("last epoch" in step for step in steps((0.1, -0.2, 0.4), best=4, keep=9))  # train.keep=last
    assert any("last epoch" in step for step in steps((0.1, -0.2, 0.4), best=9, keep=7))


def test_gates_over_folds_are_no_overrides_and_seeds_are_no_rows():
    report = steps((0.1, -0.1, 0.3), seeds={"m": (0.4, 0.6)})
    assert report == ["m against raw is open: the interval holds what is asked for; more train.seeds narrow it"]
    failed = Verdict(False, (GateResult("g (5 folds)", "m", "raw", None, None, None, 0.0, False, over="5 folds"),), ())
    trained = Trained(None, None, (), -1, 1.0)
    scores = {"encoder": {"m": None}, "raw": {"m": None}}
    none = Report(scores, {"raw": {}}, {"encoder": 2, "raw": 4}, {"m": "share"}, {"m": True}, 0.95, 1000)
    assert not list(next_steps(none, failed, trained))


def test_opponents_that_are_better_for_no_more_numbers_are_named():
    low, open_ = Score(-0.2, -0.3, -0.1, 500), Score(-0.2, -0.3, 0.1, 500)
    scores = {name: {"m": Score(0.5, 0.4, 0.6, 500)} for name in ("encoder", "pca", "raw")}
    differences = {"pca": {"m": low, "n": open_, "o": None}, "raw": {"m": low}}
    report = Report(scores, differences, {"encoder": 2, "pca": 2, "raw": 4}, {"m": "share"}, {"m": True}, 0.95, 1000)
    assert list(better_for_less(report)) == [
        "better than encoder with no more numbers a row, where that is what counts: pca in m"
    ]
