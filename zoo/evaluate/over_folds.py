"""One report of the folds of a cross-validation: rows and folds resampled together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.evaluate._intervals import scored
from zoo.evaluate.over_seeds import over_seeds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.types import Doubles, Evidence, Report, Score


def over_folds(judged: Sequence[tuple[Report, Evidence]], seed: int, *, share_rows: bool = False) -> Report:
    """The mean over folds of every score and difference, as the judge weighs several seeds.

    How folds differ holds what their rows differ by, which the resampled rows hold as well. Intervals are wider for it
    by up to 1.4 times, which is about what the overlap of the folds' training rows asks for (Nadeau and Bengio 2003,
    "Inference for the generalization error", eq. 10). What has no score in some fold has none here.

    Args:
        judged: each fold's report with what it was made from; at least 2.
        seed: of the draws.
        share_rows: whether some rows are held out in every fold. What the scores of folds owe to their rows is taken to
            be the same for all folds then, and does not average out.
    """
    first = judged[0][0]
    confidence = first.confidence

    def together(values: Sequence[Score], samples: Doubles) -> Score:
        value = float(np.mean([each.value for each in values]))
        drawn = over_seeds(samples, seed, confidence)
        if share_rows:
            drawn = drawn + (np.sqrt(len(samples)) - 1) * (samples.mean(axis=0) - value)
        return scored(value, drawn, confidence, sum(each.count for each in values))

    scores: dict[str, dict[str, Score | None]] = {name: {} for name in first.scores}
    differences: dict[str, dict[str, Score]] = {name: {} for name in first.differences}
    for name, of_name in first.scores.items():
        for metric in of_name:
            values = [report.scores[name].get(metric) for report, _ in judged]
            own = _samples(judged, name, metric)
            found = [value for value in values if value is not None]
            scores[name][metric] = None if own is None else together(found, own)
    for name, of_name in first.differences.items():
        for metric in of_name:
            found = [report.differences[name][metric] for report, _ in judged if metric in report.differences[name]]
            ours, theirs = (_samples(judged, each, metric) for each in (next(iter(first.scores)), name))
            if ours is not None and theirs is not None and len(found) == len(judged):
                sign = 1.0 if first.directions[metric] else -1.0
                differences[name][metric] = together(found, sign * (ours - theirs))
    # what was found for one fold says nothing of all
    return replace(
        first,
        scores=scores,
        differences=differences,
        adjusted={},
        family="",
        best={},
        duplicates=None,
        without_duplicates={},
    )


def _samples(judged: Sequence[tuple[Report, Evidence]], name: str, metric: str) -> Doubles | None:
    """[folds, resamples]; None where a fold has no score."""
    found = [evidence.samples.get(name, {}).get(metric) for _, evidence in judged]
    known = [each for each in found if each is not None]
    return np.stack(known) if len(known) == len(judged) else None
