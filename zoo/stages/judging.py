"""From trained encoders to a report and a verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.encoder import Encoder
from zoo.evaluate.gates import both, decide
from zoo.representations._encoded_table import EncodedTable
from zoo.representations._part_of_code import only_fields
from zoo.stages.champion import load_champion
from zoo.stages.fields import fields_report
from zoo.stages.opponents import opponents
from zoo.stages.row_digests import table_digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.recipe import Recipe
    from zoo.stages.training import Models
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Evidence, Metric, Report, Representation, Splits, Trained, Verdict

# tags of a run: the version that was champion then, and whether it may be replaced
JUDGED_BESIDE, BEATS_CHAMPION = "zoo.judged_beside", "zoo.beats_champion"
_OTHER = "who uses the champion would have to change: {}; give the new encoder a name of its own with name=NAME"


def judged(
    recipe: Recipe, tracker: Tracker, models: Models, splits: Splits, *, run: TrackedRun, folds: Report | None = None
) -> tuple[Report, Verdict, Evidence]:
    """Scores the encoder, the baselines and the present champion, and holds the scores against the gates.

    Args:
        recipe: with baselines, metrics, gates and judge.
        tracker: keeps the champion, and counts how often the test rows have judged.
        models: a trained model for each seed.
        splits: the table.
        run: the tracked run.
        folds: what a cross-validation came to; every gate must hold over the folds too.

    Returns:
        The report, the verdict, and what the report was made from.
    """
    looks = run.count_look(table_digest(splits), len(models.trained) + (folds is not None))
    champion = load_champion(tracker, recipe.name, splits, models.chosen.model.latent_dim)
    found = champion.representation
    report, evidence = weighed(recipe, models, splits, [] if found is None else [found])
    gates = recipe.build("gates") or {}
    verdict = decide(report, gates, "encoder", found.name if found else None)
    if folds is not None and gates:
        count = recipe.build("train").folds
        verdict = both(verdict, decide(folds, gates, "encoder"), f"{count} folds")
    verdict = replace(verdict, champion_notes=(*verdict.champion_notes, *champion.notes))
    if obstacle := champion.obstacle or (champion.changes and _OTHER.format(champion.changes)):
        verdict = replace(verdict, champion="champion", beats_champion=False, champion_reasons=(obstacle,))
    if champion.version is not None:
        run.log_tags({JUDGED_BESIDE: champion.version, BEATS_CHAMPION: verdict.beats_champion})
    return replace(report, looks=looks, fields=fields_report(recipe, evidence)), verdict, evidence


def reported(recipe: Recipe, models: Models, splits: Splits, more: Sequence[Representation] = ()) -> Report:
    """Scores the encoder, the baselines, and what else is to be compared."""
    return weighed(recipe, models, splits, more)[0]


def weighed(
    recipe: Recipe, models: Models, splits: Splits, more: Sequence[Representation] = ()
) -> tuple[Report, Evidence]:
    """As `reported`, with what the report was made from.

    Of several seeds, what is fitted to the trained network (`per_seed`) is fitted to each, other baselines once.
    """
    judge = recipe.build("judge")
    table = judge.scaled(splits)
    baselines = opponents(recipe)
    encoder = _encoded(models.chosen, table)
    representations = [encoder, *only_fields(encoder, judge.fields)]
    representations += [baseline.fit(name, table, models.chosen) for name, baseline in baselines.items()]
    representations += [each.on(table) for each in more]
    seeds = {"encoder": [_encoded(each, table) for each in models.others]} | {
        name: [baseline.fit(name, table, each) for each in models.others]
        for name, baseline in baselines.items()
        if getattr(baseline, "per_seed", False)
    }
    for each in seeds["encoder"]:
        for part in only_fields(each, judge.fields):
            seeds.setdefault(part.name, []).append(part)
    report, evidence = judge.weigh(representations, recipe.build("metrics"), table, seeds)
    return _in_order_of_seeds(report, models), evidence


def first_value(recipe: Recipe, models: Models, splits: Splits, metrics: Mapping[str, Metric]) -> Report:
    """Scores the encoder alone, by metric after metric up to the first that has a value."""
    judge = recipe.build("judge")
    table = judge.scaled(splits)
    report: Report = judge.first_value(
        [_encoded(each, table) for each in (models.chosen, *models.others)], metrics, table
    )
    return report


def _in_order_of_seeds(report: Report, models: Models) -> Report:
    """The points of the seeds as they were trained; the judge is given the released one first."""
    place = models.released
    seeds = {name: (*others[:place], own, *others[place:]) for name, (own, *others) in report.seeds.items()}
    return replace(report, seeds=seeds, released=place)


def on_validation(splits: Splits) -> Splits:
    """The table with its validation rows as those that judge, none of which is trained on, and no other held out."""
    return replace(splits, train=np.setdiff1d(splits.train, splits.validation), test=splits.validation)


def _encoded(trained: Trained, table: Splits) -> Representation:
    encoder = Encoder.from_model("encoder", trained.model, kind=table.kind, code_scale=trained.code_scale)
    return EncodedTable(encoder, table)
