"""Cross-validation before the run proper: it describes, and blesses nothing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.report.numbers import fold_metrics, score_metrics
from zoo.stages.judging import reported
from zoo.stages.model import built_model
from zoo.stages.training import trained_model

if TYPE_CHECKING:
    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Report, Splits


def cross_validate(
    recipe: Recipe, tracker: Tracker, exporter: Exporter, voice: Voice, run: TrackedRun, splits: Splits
) -> None:
    """Trains and judges a model for each fold that the recipe asks for, in child runs of `run`."""
    count = recipe.build("train").folds
    if not count:
        return
    from zoo.train.folds import folds

    reports = []
    for number, fold in enumerate(folds(splits, count, recipe.seed), start=1):
        voice.fold(number, count, fold)
        with tracker.run(f"{recipe.name} fold {number}", parent=run.run_id, experiment=run.experiment) as child:
            report = _judged_fold(recipe, exporter, voice, child, fold)
            child.log_metrics(dict(score_metrics(report)))
            child.log_tags({"zoo.fold": number})
        reports.append(report)
    voice.folds(reports)
    run.log_metrics(dict(fold_metrics(reports)))


def _judged_fold(recipe: Recipe, exporter: Exporter, voice: Voice, child: TrackedRun, fold: Splits) -> Report:
    with tempfile.TemporaryDirectory() as scratch:
        trained = trained_model(
            recipe,
            exporter,
            voice,
            model=built_model(recipe, fold, voice.note),
            splits=fold,
            state=Path(scratch) / "training.npz",
            listeners=(child,),
        )
        return reported(recipe, trained, fold)
