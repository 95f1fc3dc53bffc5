"""Choosing between the runs of a sweep, on validation rows: test rows judge the chosen one only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.report.numbers import score_metrics
from zoo.stages.judging import first_value, on_validation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from zoo.recipe import Recipe
    from zoo.stages.training import Models
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Metric, Report, Splits

LOSS = "loss"


@dataclass(frozen=True)
class Tried:
    """How a run of a sweep does on the validation rows.

    Attributes:
        report: the encoder's scores by what may choose, up to the first metric that has a value.
        loss: its validation loss.
    """

    report: Report
    loss: float


def tried(recipe: Recipe, models: Models, splits: Splits, run: TrackedRun) -> Tried:
    """Scores trained models on the validation rows by what may choose, and logs that."""
    report = first_value(recipe, models, on_validation(splits), _choosing(recipe))
    run.log_metrics({f"validation.{name}": value for name, value in score_metrics(report)})
    run.log_metrics({"validation.loss": models.loss})
    return Tried(report, models.loss)


def chosen(recipe: Recipe, trials: Sequence[Tried]) -> tuple[int, str]:
    """Which trial is the best, the first of equals, and by what: a metric's name, or `loss`.

    The metric is the recipe's `choose_by`; without it that of the first gate which validation rows give a value of.
    Where they give none (held-out words, anomalies), the validation loss chooses. A metric that asks the same rows
    whichever are held out never chooses, since it is what will judge.

    Args:
        recipe: says what to choose by.
        trials: at least one.
    """
    for metric in _choosing(recipe):
        values = [_goodness(trial, metric) for trial in trials]
        if any(map(math.isfinite, values)):
            return values.index(max(values)), metric
    losses = [trial.loss if math.isfinite(trial.loss) else math.inf for trial in trials]
    return losses.index(min(losses)), LOSS


def passed_over(recipe: Recipe, trials: Sequence[Tried], by: str) -> Iterator[str]:
    """Why metrics that come before the one that chose, or that alone was to choose, did not."""
    metrics = recipe.build("metrics")
    for name in _named(recipe):
        if name == by:
            return
        if getattr(metrics[name], "ignores_splits", False):
            yield f"{name} does not choose: it asks the same whichever rows are held out, so that is what will judge"
        elif metrics[name].higher_is_better is not None:
            said = [trial.report.reasons.get("encoder", {}).get(name, "") for trial in trials]
            why = "; ".join(dict.fromkeys(filter(None, said))) or "no encoder has a value of it"
            yield f"{name} does not choose: it has no value on the validation rows: {why}"


def _choosing(recipe: Recipe) -> Mapping[str, Metric]:
    """The metrics that may choose, in the order in which they are asked."""
    metrics = recipe.build("metrics")
    return {
        name: metrics[name]
        for name in _named(recipe)
        if metrics[name].higher_is_better is not None and not getattr(metrics[name], "ignores_splits", False)
    }


def _named(recipe: Recipe) -> list[str]:
    """The metrics that the recipe chooses by, the first with a value: `choose_by`, or those of its gates."""
    by = recipe.config["choose_by"]
    if by is not None:
        return [] if by == LOSS else [by]
    return list(dict.fromkeys(gate.metric for gate in (recipe.build("gates") or {}).values()))


def _goodness(trial: Tried, metric: str) -> float:
    """The score, signed so that more is better; minus infinity without one."""
    score = trial.report.scores["encoder"].get(metric)
    if score is None or not math.isfinite(score.value):
        return -math.inf
    return score.value if trial.report.directions[metric] else -score.value
