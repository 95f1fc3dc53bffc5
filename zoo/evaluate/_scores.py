"""Scores of one metric, over the seeds of each representation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.evaluate._intervals import limits_of, scored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.evaluate.over_seeds import Seeds
    from zoo.types import Doubles, Metric, Score


def value_of(metric: Metric, values: Doubles) -> float:
    """The score of contributions [n, ...], each counted once."""
    return float(metric.statistic(values, np.ones((1, len(values))))[0])


def scores_of(
    metric: Metric, seeds: Seeds, values: Sequence[Doubles | None], drawn: Sequence[Doubles], confidence: float
) -> tuple[dict[str, Score | None], dict[str, Doubles]]:
    """Scores and their samples by representation.

    Args:
        metric: the metric.
        seeds: where the seeds of each representation stand in the lists.
        values: contributions [n, ...]; None where the metric does not apply.
        drawn: samples of the scores [resamples].
        confidence: level of the intervals.
    """
    scores: dict[str, Score | None] = {}
    samples = {name: seeds.together(seeds.of(name, drawn)) for name in seeds.names}
    for name in seeds.names:
        known = [each for each in seeds.of(name, values) if each is not None]
        value = float(np.mean([value_of(metric, each) for each in known])) if known else np.nan
        scores[name] = scored(value, samples[name], confidence, len(known[0]), limits_of(metric)) if known else None
    return scores, samples
