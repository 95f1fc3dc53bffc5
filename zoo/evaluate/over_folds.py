"""One report of the folds of a cross-validation: rows and folds resampled together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.evaluate._intervals import scored
from zoo.evaluate.over_seeds import over_seeds

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.types import Doubles, Evidence, Report, Score


def over_folds(
    judged: Sequence[tuple[Report, Evidence]],
    seed: int,
    *,
    share_rows: bool = False,
    limits: Mapping[str, tuple[float, float]] | None = None,
) -> Report:
    """The mean over folds of every score and difference, as the judge weighs several seeds.

    How folds differ holds what their rows differ by, which the resampled rows hold as well. Intervals are wider for it
    by up to 1.4 times with many folds (and more with few, by Student's quantile), which is about what the overlap of
    the folds' training rows asks for (Nadeau and Bengio 2003, "Inference for the generalization error", eq. 10). What
    has no score in some fold has none here.

    Folds hold out other rows, so their samples must not go together. The folds of one recipe are judged with one seed,
    which draws the same numbers for each (samples by the jackknife and of pairs would then agree entirely, and the
    interval of the mean be as wide as that of one fold): each fold's samples are put into an order of its own.

    Args:
        judged: each fold's report with what it was made from; at least 2.
        seed: of the draws and of the orders.
        share_rows: whether some rows are held out in every fold. What the scores of folds owe to their rows is taken to
            be the same for all folds then, and does not average out.
        limits: metric -> ends of its scale, which no interval of a score goes beyond.
    """
    first = judged[0][0]
    reports = [report for report, _ in judged]
    confidence = first.confidence

    def together(values: Sequence[Score], samples: Doubles, ends: tuple[float, float] = (-np.inf, np.inf)) -> Score:
        value = float(np.mean([each.value for each in values]))
        drawn = over_seeds(samples, seed, confidence)
        if share_rows:
            drawn = drawn + (np.sqrt(len(samples)) - 1) * (samples.mean(axis=0) - value)
        return scored(value, drawn, confidence, sum(each.count for each in values), ends)

    scores: dict[str, dict[str, Score | None]] = {name: {} for name in first.scores}
    differences: dict[str, dict[str, Score]] = {name: {} for name in first.differences}
    for name, of_name in first.scores.items():
        for metric in of_name:
            values = [report.scores[name].get(metric) for report, _ in judged]
            own = _samples(judged, name, metric, seed)
            found = [value for value in values if value is not None]
            ends = (limits or {}).get(metric, (-np.inf, np.inf))
            scores[name][metric] = None if own is None else together(found, own, ends)
    for name, of_name in first.differences.items():
        for metric in of_name:
            found = [report.differences[name][metric] for report, _ in judged if metric in report.differences[name]]
            ours, theirs = (_samples(judged, each, metric, seed) for each in (next(iter(first.scores)), name))
            if ours is not None and theirs is not None and len(found) == len(judged):
                sign = 1.0 if first.directions[metric] else -1.0
                differences[name][metric] = together(found, sign * (ours - theirs))
    # what was found for one fold says nothing of all
    return replace(
        first,
        scores=scores,
        differences=differences,
        reasons=_reasons(reports, scores),
        resampled=_resampled(reports),
        looks=None,
        seeds={},
        chances={},
        adjusted={},
        family="",
        best={},
        duplicates=None,
        without_duplicates={},
    )


def _samples(judged: Sequence[tuple[Report, Evidence]], name: str, metric: str, seed: int) -> Doubles | None:
    """[folds, resamples], in one order for all that is of a fold; None where a fold has no score."""
    found = [evidence.samples.get(name, {}).get(metric) for _, evidence in judged]
    known = [each for each in found if each is not None]
    if len(known) < len(judged):
        return None
    orders = [np.random.default_rng([seed, fold]).permutation(len(each)) for fold, each in enumerate(known)]
    return np.stack([each[order] for each, order in zip(known, orders, strict=True)])


def _reasons(reports: Sequence[Report], scores: Mapping[str, Mapping[str, Score | None]]) -> dict[str, dict[str, str]]:
    """Why there is no value over the folds, by representation and metric: what the folds without one say."""
    found: dict[str, dict[str, str]] = {name: {} for name in scores}
    for name, of_name in scores.items():
        for metric, score in of_name.items():
            if score is None or not np.isfinite(score.value):
                said = [report.reasons.get(name, {}).get(metric, "") for report in reports]
                by_reason = {each: [fold + 1 for fold, own in enumerate(said) if own == each] for each in said if each}
                if by_reason:
                    found[name][metric] = "; ".join(_in_folds(*each, len(reports)) for each in by_reason.items())
    return found


def _in_folds(reason: str, folds: Sequence[int], count: int) -> str:
    return reason if len(folds) == count else f"{reason} (in fold {', '.join(map(str, folds))} of {count})"


def _resampled(reports: Sequence[Report]) -> dict[str, str]:
    """What was resampled, by metric; fold by fold where that differs."""
    metrics = dict.fromkeys(metric for report in reports for metric in report.resampled)
    distinct = {
        metric: dict.fromkeys(said for report in reports if (said := report.resampled.get(metric)))
        for metric in metrics
    }
    return {
        metric: said if len(each) == 1 else f"by fold: {said}"
        for metric, each in distinct.items()
        for said in ["; ".join(each)]
    }
