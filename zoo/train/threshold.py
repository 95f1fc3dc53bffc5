"""The threshold of a model's scores."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder
from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Floats, Splits


def require_validation_rows(rate: float | None, splits: Splits) -> None:
    """Refuses a table with fewer validation rows than a threshold for a false-alarm rate takes, if there is a rate.

    Raises:
        InputError: there are too few; the message says how many it takes.
    """
    count = len(splits.validation)
    if rate is None or _rank(count, rate) <= count:
        return
    needed, enough = math.ceil(1 / _exact(rate)) - 1, math.ceil(1000 / (count + 1)) / 1000
    raise InputError(
        f"{count} validation rows are too few for a threshold with a false-alarm rate of {rate}: it takes at least "
        f"{needed}. Give more rows, raise data.validation, or set model.false_alarm_rate to {enough} or more (null for "
        f"no threshold)"
    )


def set_threshold(model: Any, splits: Splits) -> None:
    """Sets the threshold that new rows like the validation rows exceed at the wanted rate at most, if one is wanted."""
    if model.false_alarm_rate is None:
        return
    encoder = Encoder.from_model("trained", model, kind=splits.kind)
    scores = encoder.score(splits.inputs(splits.validation))
    model.threshold.assign(threshold_of(scores, model.false_alarm_rate))


def threshold_of(scores: Floats, false_alarm_rate: float) -> float:
    """The k-th smallest of n scores, k = ceil((n + 1) (1 - rate)).

    A new score, exchangeable with these, exceeds it with a probability of at most the rate, and of more than the rate
    less 1 / (n + 1) where scores do not tie, whatever their distribution. The quantile of the scores themselves is
    exceeded more often than that, and the more so the fewer they are.

    Args:
        scores: [n], of rows that training did not see.
        false_alarm_rate: share of new rows that may exceed the threshold.

    Raises:
        ValueError: n + 1 is less than 1 / rate.

    Reference:
        Split-conformal prediction: Papadopoulos et al. 2002; Lei et al. 2018, "Distribution-free predictive inference
        for regression", theorem 2.2.
    """
    rank = _rank(len(scores), false_alarm_rate)
    if rank > len(scores):
        raise ValueError(f"{len(scores)} scores are too few for a rate of {false_alarm_rate}")
    return float(np.partition(scores, rank - 1)[rank - 1])


def _rank(count: int, rate: float) -> int:
    return max(1, math.ceil((count + 1) * (1 - _exact(rate))))


def _exact(rate: float) -> Fraction:
    """The rate as it is written: 20 x 0.95 is 19, and not a little more."""
    return Fraction(str(rate))
