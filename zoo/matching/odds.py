"""Probabilities and their log-odds, in nats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.matching.arrays import Reals

_SMALLEST = 1e-9


def log_odds_of(probability: Reals | float) -> Reals:
    """Log p / (1 - p); of 0 and 1 as of a billionth from them."""
    bounded = np.clip(probability, _SMALLEST, 1 - _SMALLEST)
    found: Reals = np.log(bounded) - np.log1p(-bounded)
    return found


def probability_of(log_odds: Reals) -> Reals:
    """The probability that log-odds stand for."""
    found: Reals = 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    return found
