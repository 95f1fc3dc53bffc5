"""Which differences are more than chance, where many are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.evaluate._intervals import those_known

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.types import Doubles, Score


def p_value(difference: float, samples: Doubles) -> float:
    """Two-sided p of a difference, normal with the standard deviation of its samples; NaN where it has no interval."""
    from scipy.stats import norm

    known = those_known(samples)
    deviation = known.std(ddof=1) if known is not None and np.isfinite(known).all() and len(known) > 1 else np.nan
    if not np.isfinite(difference) or not np.isfinite(deviation):
        return float("nan")
    if deviation == 0:
        return float(difference == 0)
    return float(2 * norm.sf(abs(difference) / deviation))


def holm(values: Mapping[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """P values adjusted for being several (Holm 1979); NaN stays, and counts for none.

    The chance that any of those below a level is there by chance is that level at the most.
    """
    known = sorted((value, key) for key, value in values.items() if np.isfinite(value))
    adjusted = dict.fromkeys(values, float("nan"))
    largest = 0.0
    for rank, (value, key) in enumerate(known):
        largest = max(largest, min(1.0, (len(known) - rank) * value))
        adjusted[key] = largest
    return adjusted


def as_good_as_the_best(
    scores: Mapping[str, Score | None], samples: Mapping[str, Doubles], level: float, *, higher_is_better: bool
) -> tuple[str, ...]:
    """The best representation, and those whose score is not significantly worse.

    Each is compared with the best by the paired difference; p values are Holm-adjusted over those comparisons. What has
    no interval, since too few rows tell, is marked neither way; if the best one has none, nothing is marked.

    Args:
        scores: by representation.
        samples: by representation, drawn alike for all.
        level: below which a p value is significant.
        higher_is_better: which way the scores go.
    """
    known = {name: score.value for name, score in scores.items() if score is not None and np.isfinite(score.value)}
    if not known:
        return ()
    best = (max if higher_is_better else min)(known, key=lambda name: known[name])
    if those_known(samples[best]) is None:
        return ()
    others = {
        (name, ""): p_value(known[best] - value, samples[best] - samples[name])
        for name, value in known.items()
        if name != best
    }
    adjusted = holm(others)
    return (best, *(name for name, _ in others if adjusted[name, ""] >= level))
