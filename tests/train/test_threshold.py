"""How often ordinary rows exceed the threshold, by simulation, and how many rows it takes."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.train.threshold import require_validation_rows, threshold_of


@pytest.mark.parametrize(("count", "rate"), [(19, 0.05), (22, 0.05), (100, 0.05), (1000, 0.05), (9, 0.1), (30, 0.5)])
def test_new_rows_exceed_it_as_often_as_was_asked_for(count, rate, rng):
    draws = rng.exponential(size=(4000, count)).astype(np.float32)
    thresholds = np.asarray([threshold_of(scores, rate) for scores in draws])
    exceeded = np.exp(-thresholds)  # the chance of a new exponential score, by its distribution function
    error = exceeded.std() / np.sqrt(len(draws))
    assert exceeded.mean() <= rate + 3 * error
    assert exceeded.mean() > rate - 1 / (count + 1) - 3 * error
    ranks = (draws < thresholds[:, None]).sum(axis=1) + 1
    assert set(ranks) == {math.ceil(round((count + 1) * (1 - rate), 9))}


def test_scores_that_tie_are_exceeded_less_often(rng):
    draws = rng.integers(0, 4, size=(2000, 25)).astype(np.float32)
    new = rng.integers(0, 4, size=2000)
    assert (new > [threshold_of(scores, 0.1) for scores in draws]).mean() <= 0.1


@pytest.mark.parametrize(("rate", "needed"), [(0.05, 19), (0.1, 9), (0.01, 99), (0.3, 3), (0.07, 14), (1.0, 0)])
def test_too_few_rows_are_refused_with_how_many_it_takes(rate, needed, splits):
    enough = replace(splits, validation=splits.validation[: max(needed, 1)])
    require_validation_rows(rate, enough)
    assert np.isfinite(threshold_of(np.arange(max(needed, 1)), rate))
    if needed:
        few = replace(splits, validation=splits.validation[: needed - 1])
        with pytest.raises(InputError, match=rf"at least {needed}\. Give more rows, raise data\.validation"):
            require_validation_rows(rate, few)
        with pytest.raises(ValueError, match="too few"):
            threshold_of(np.arange(needed - 1), rate)


def test_the_rate_that_is_offered_instead_is_enough(splits):
    few = replace(splits, validation=splits.validation[:11])
    with pytest.raises(InputError, match=r"false_alarm_rate to 0\.084 or more"):
        require_validation_rows(0.05, few)
    require_validation_rows(0.084, few)
    require_validation_rows(None, few)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (["model.false_alarm_rate=0.05", "data.validation=0.002"], "validation rows are too few for a threshold with"),
        (["judge.scale=standardise"], "judge.scale=standardise is for columns of numbers, not for images of 8 x 8"),
    ],
)
def test_a_run_refuses_before_tensorflow_starts(overrides, said, tmp_path):
    command = [sys.executable, "-m", "zoo.run", "recipe=conv_digits", *overrides]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert said in done.stderr
    assert "TensorFlow" not in done.stdout
