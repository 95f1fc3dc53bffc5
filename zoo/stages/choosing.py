"""Choosing between the runs of a sweep, on validation rows: test rows judge the chosen one only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.report.numbers import score_metrics
from zoo.stages.judging import on_validation, scored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zoo.recipe import Recipe
    from zoo.stages.training import Models
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Report, Splits

LOSS = "loss"


@dataclass(frozen=True)
class Tried:
    """How a run of a sweep does on the validation rows.

    Attributes:
        report: the encoder's scores.
        loss: its validation loss.
    """

    report: Report
    loss: float


def tried(recipe: Recipe, models: Models, splits: Splits, run: TrackedRun) -> Tried:
    """Scores trained models on the validation rows, and logs that."""
    report = scored(recipe, models, on_validation(splits))
    run.log_metrics({f"validation.{name}": value for name, value in score_metrics(report)})
    run.log_metrics({"validation.loss": models.loss})
    return Tried(report, models.loss)


def chosen(recipe: Recipe, trials: Sequence[Tried]) -> tuple[int, str]:
    """Which trial is the best, the first of equals, and by what: a metric's name, or `loss`.

    The metric is the recipe's `choose_by`; without it that of the first gate which validation rows give a value of.
    Where they give none (held-out words, anomalies), the validation loss chooses.

    Args:
        recipe: says what to choose by.
        trials: at least one.
    """
    for metric in _wanted(recipe):
        values = [_goodness(trial, metric) for trial in trials]
        if any(map(math.isfinite, values)):
            return values.index(max(values)), metric
    losses = [trial.loss if math.isfinite(trial.loss) else math.inf for trial in trials]
    return losses.index(min(losses)), LOSS


def _wanted(recipe: Recipe) -> Iterator[str]:
    if recipe.config["choose_by"] is not None:
        yield from [recipe.config["choose_by"]] if recipe.config["choose_by"] != LOSS else []
    else:
        yield from dict.fromkeys(gate.metric for gate in (recipe.build("gates") or {}).values())


def _goodness(trial: Tried, metric: str) -> float:
    """The score, signed so that more is better; minus infinity without one, or for a metric that ranks none."""
    score, is_higher = trial.report.scores["encoder"].get(metric), trial.report.directions[metric]
    if score is None or is_higher is None or not math.isfinite(score.value):
        return -math.inf
    return score.value if is_higher else -score.value
