"""What is to be tried with an encoder that is not blessed follows from what was measured."""

import pytest

from zoo.evaluate.gates import decide
from zoo.report.advice import next_steps
from zoo.types import Gate, Report, Score, Trained

GATES = {"g": Gate("m", beats=["raw"])}


def steps(difference, *, count=500, history=10, best=4, gates=GATES, **more):
    scores = {"encoder": {"m": None if difference is None else Score(0.5, 0.4, 0.6, count)}}
    scores["raw"] = {"m": Score(0.4, 0.3, 0.5, count)}
    differences = {"raw": {} if difference is None else {"m": Score(*difference, count)}}
    report = Report(scores, differences, {"encoder": 2, "raw": 4}, {"m": "share"}, {"m": True}, 0.95, 1000, **more)
    trained = Trained(None, None, ({},) * history, best, 1.0)
    return list(next_steps(report, decide(report, gates, "encoder"), trained))


@pytest.mark.parametrize(
    ("difference", "arguments", "said"),
    [
        ((-0.2, -0.3, -0.1), {}, "raw is better in m, and free: use it where that counts"),
        # half as wide an interval would do, which takes four times the rows
        ((0.1, -0.1, 0.3), {}, "about 2,000 rows, pairs or queries that judge instead of 500 would show it"),
        ((-0.01, -0.1, 0.1), {}, "more epochs or more training rows may tell"),
        ((1e-9, -0.1, 0.1), {}, "more epochs or more training rows may tell"),
        ((-0.01, -0.1, 0.1), {"count": 20}, "only 20 rows, pairs or queries judge"),
        (None, {}, "gates.g=null takes it off"),
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
