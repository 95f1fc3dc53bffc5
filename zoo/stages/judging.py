"""From a trained encoder to a report and a verdict."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from zoo.encoder import Encoder
from zoo.evaluate.gates import decide
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.champion import load_champion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.recipe import Recipe
    from zoo.tracking.tracker import Tracker
    from zoo.types import Evidence, Report, Representation, Splits, Trained, Verdict


def judged(recipe: Recipe, tracker: Tracker, trained: Trained, splits: Splits) -> tuple[Report, Verdict, Evidence]:
    """Scores the encoder, the baselines and the present champion, and holds the scores against the gates.

    Returns:
        The report, the verdict, and what the report was made from.
    """
    champion, obstacle = load_champion(tracker, recipe.name, splits)
    report, evidence = weighed(recipe, trained, splits, [] if champion is None else [champion])
    verdict = decide(report, recipe.build("gates") or {}, "encoder", champion.name if champion else None)
    if obstacle:
        verdict = dataclasses.replace(verdict, champion="champion", beats_champion=False, champion_reasons=(obstacle,))
    return report, verdict, evidence


def reported(recipe: Recipe, trained: Trained, splits: Splits, more: Sequence[Representation] = ()) -> Report:
    """Scores the encoder, the baselines, and what else is to be compared."""
    return weighed(recipe, trained, splits, more)[0]


def weighed(
    recipe: Recipe, trained: Trained, splits: Splits, more: Sequence[Representation] = ()
) -> tuple[Report, Evidence]:
    """As `reported`, with what the report was made from."""
    encoder = Encoder.from_model("encoder", trained.model, kind=splits.kind, code_scale=trained.code_scale)
    judge = recipe.build("judge")
    table = judge.scaled(splits)
    baselines = recipe.build("baselines")
    representations: list[Representation] = [EncodedTable(encoder, table)]
    representations += [baseline.fit(name, table, trained) for name, baseline in baselines.items()]
    representations += [each.on(table) for each in more]
    return judge.weigh(representations, recipe.build("metrics"), table)
