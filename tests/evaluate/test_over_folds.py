"""Rows and folds resampled together."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from zoo.evaluate.over_folds import over_folds
from zoo.types import Evidence, Report, Score


def fold(random, rows, level, ahead, missing=()):
    """A fold that scores a mean of rows, for the encoder and for one that is behind it."""
    values = random.normal(level, size=rows)
    drawn = random.multinomial(rows, np.full(rows, 1 / rows), size=400) / rows @ values
    samples = {"encoder": {"m": drawn + ahead}, "raw": {} if "raw" in missing else {"m": drawn}}
    scores = {
        name: {"m": Score(values.mean() + shift, -9, 9, rows) if name not in missing else None}
        for name, shift in (("encoder", ahead), ("raw", 0))
    }
    differences = {"raw": {} if "raw" in missing else {"m": Score(ahead, ahead, ahead, rows)}}
    report = Report(scores, differences, {"encoder": 2, "raw": 2}, {"m": "units"}, {"m": True}, 0.95, 400)
    return report, Evidence(None, {}, {}, samples)


def width(score):
    return score.high - score.low


def test_scores_and_differences_are_means_with_intervals_over_rows_and_folds(rng):
    folds = [fold(rng, 100, 1.0, ahead) for ahead in (0.1, 0.3, 0.2, 0.2, 0.2)]
    together = over_folds(folds, 0)
    own = together.scores["encoder"]["m"]
    assert own.value == pytest.approx(np.mean([report.scores["encoder"]["m"].value for report, _ in folds]))
    assert own.count == 500
    assert own.low < own.value < own.high
    difference = together.differences["raw"]["m"]
    assert difference.value == pytest.approx(0.2)
    # Student's interval of 5 numbers: the rows take nothing from a difference that is the same for all of them
    half = 2.776 * np.std([0.1, 0.3, 0.2, 0.2, 0.2], ddof=1) / np.sqrt(5)
    assert width(difference) == pytest.approx(2 * half, rel=0.25)


def test_what_has_no_score_in_some_fold_has_none(rng):
    folds = [fold(rng, 50, 0, 0.1), fold(rng, 50, 0, 0.1, missing=("raw",))]
    together = over_folds(folds, 0)
    assert together.scores["raw"]["m"] is None
    assert "m" not in together.differences["raw"]
    assert together.scores["encoder"]["m"] is not None


def test_rows_that_every_fold_holds_out_do_not_average_out(rng):
    alike = [fold(np.random.default_rng(7), 100, 0, 0.0) for _ in range(5)]  # the same rows in each
    once = alike[0][1].samples["encoder"]["m"]
    shared = over_folds(alike, 0, share_rows=True).scores["encoder"]["m"]
    assert width(shared) >= 0.9 * np.ptp(np.quantile(once, [0.025, 0.975]))
    apart = [fold(rng, 100, 0, 0.0) for _ in range(5)]
    wide, narrow = (over_folds(apart, 0, share_rows=each).scores["encoder"]["m"] for each in (True, False))
    assert width(wide) > width(narrow)


def covered(random, folds, rows):
    """Whether the interval holds 0, of folds whose models differ a little."""
    made = [fold(random, rows, random.normal(0, 0.05), 0.0) for _ in range(folds)]
    own = over_folds(made, 0).scores["encoder"]["m"]
    return own.low <= 0 <= own.high


def test_intervals_hold_the_mean_at_least_as_often_as_they_say():
    random = np.random.default_rng(3)
    assert np.mean([covered(random, 5, 60) for _ in range(150)]) >= 0.93


def test_folds_that_were_judged_with_one_seed_do_not_move_together(rng):
    drawn = rng.normal(size=2000)  # Student's samples are made of the same draws in each fold

    def judged(level):
        score = Score(level, -9, 9, 50)
        report = Report({"encoder": {"m": score}}, {}, {"encoder": 2}, {"m": "units"}, {"m": True}, 0.95, 2000)
        return report, Evidence(None, {}, {}, {"encoder": {"m": level + drawn}})

    together = over_folds([judged(0.0)] * 10, 0).scores["encoder"]["m"]
    # a mean of 10, and as much again for how folds differ, with Student's quantile: .48 of one fold's width
    stretch = np.sqrt(10 / 9) * stats.t.ppf(0.975, 9) / 1.96
    assert width(together) == pytest.approx(2 * 1.96 * np.sqrt(0.1 + 0.09 * stretch**2), rel=0.08)


def test_reasons_and_what_was_resampled_are_those_of_every_fold(rng):
    made = [fold(rng, 50, 0, 0.1), fold(rng, 50, 0, 0.1, missing=("raw",))]
    lack, groups = {"encoder": {}, "raw": {"m": "one class"}}, {"m": "9 groups of rows"}
    (one, first), (other, second) = made
    one = dataclasses.replace(one, resampled={"m": "rows"}, looks=3)
    other = dataclasses.replace(other, resampled=groups, reasons=lack)
    found = over_folds([(one, first), (other, second)], 0)
    assert found.reasons == {"encoder": {}, "raw": {"m": "one class (in fold 2 of 2)"}}
    assert found.resampled == {"m": "by fold: rows; 9 groups of rows"}
    assert found.looks is None
    missing = dataclasses.replace(one, scores=other.scores, reasons=lack)
    assert over_folds([(missing, second), (other, second)], 0).reasons["raw"]["m"] == "one class"
