"""From samples of a score to its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.types import Score

if TYPE_CHECKING:
    from zoo.types import Doubles, Metric

_EVERYTHING = (-np.inf, np.inf)
# share of samples without a value (all rows drawn may be the same one) that are left out, at the most
_WITHOUT = 0.05


def limits_of(metric: Metric) -> tuple[float, float]:
    """The ends of a metric's scale."""
    found: tuple[float, float] = getattr(metric, "limits", _EVERYTHING)
    return found


def scored(
    value: float, samples: Doubles, confidence: float, count: int, limits: tuple[float, float] = _EVERYTHING
) -> Score:
    """A score with the percentiles of its samples [n]; NaN bounds where too many have no value.

    Where a bias is taken off, a few rows can put the score itself outside of its samples, which nobody could read: the
    interval reaches as far as the score. It ends with the scale, which the tails of Student's t and the influences of
    rows do not know; the samples themselves go on, since differences are made of them.
    """
    known = those_known(samples)
    if np.isnan(value) or known is None:
        return Score(value, float("nan"), float("nan"), count)
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    low, high = max(low, limits[0]), min(high, limits[1])
    return Score(value, float(min(low, value)), float(max(high, value)), count)


def those_known(samples: Doubles) -> Doubles | None:
    """The samples that have a value; None where too few have one for any to be believed."""
    known = samples[~np.isnan(samples)]
    return known if len(known) and len(known) >= (1 - _WITHOUT) * len(samples) else None
