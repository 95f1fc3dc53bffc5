"""Cross-validation: the same table split anew several times, a model for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.evaluate._intervals import limits_of
from zoo.evaluate.over_folds import over_folds
from zoo.report.numbers import fold_metrics, score_metrics
from zoo.stages.judging import weighed
from zoo.stages.model import built_model
from zoo.stages.training import Models, trained_model

if TYPE_CHECKING:
    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.run_state import RunState
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Report, Splits


def cross_validated(
    recipe: Recipe,
    tracker: Tracker,
    exporter: Exporter,
    voice: Voice,
    *,
    run: TrackedRun,
    splits: Splits,
    state: RunState,
) -> Report | None:
    """Trains and judges a model for each fold that the recipe asks for, in child runs of `run`.

    Returns:
        What the folds come to together; None without folds.
    """
    count = recipe.build("train").folds
    if not count:
        return None
    from zoo.train.folds import folds

    judged = []
    for number, fold in enumerate(folds(splits, count, recipe.seed), start=1):
        voice.fold(number, count, fold)
        part, name = state.part(f"fold_{number}"), f"{recipe.name} fold {number}"
        with tracker.run(name, parent=run.run_id, experiment=run.experiment, resume=part.run_id) as child:
            part.remember(child.run_id)
            child.log_tags({"zoo.fold": number})
            trained = trained_model(
                recipe,
                exporter,
                voice,
                model=built_model(recipe, fold, voice.note),
                splits=fold,
                state=part.training,
                listeners=(child,),
            )
            report, evidence = weighed(recipe, Models((trained,), (child,)), fold)
            child.log_metrics(dict(score_metrics(report)))
        judged.append((report, evidence))
    reports = [report for report, _ in judged]
    always = splits.judged_only is not None and bool(len(splits.judged_only))
    limits = {name: limits_of(metric) for name, metric in recipe.build("metrics").items()}
    together = over_folds(judged, recipe.build("judge").seed, share_rows=always, limits=limits)
    voice.folds(reports, together)
    run.log_metrics(dict(fold_metrics(reports)))
    run.log_metrics({f"folds.{name}": value for name, value in score_metrics(together)})
    return together
