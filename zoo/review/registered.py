"""Judges registered or exported encoders again, without training."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from zoo.evaluate.gates import decide
from zoo.keras_settings import zoo_settings
from zoo.representations._part_of_code import only_fields
from zoo.review.found import found, looks
from zoo.review.overriding import require_effective
from zoo.review.review import reviewed, writable_page
from zoo.stages.fields import fields_report
from zoo.stages.model import built_model
from zoo.stages.opponents import opponents
from zoo.stages.preflight import require_gates, require_rows, shortages
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.recipe import Recipe
    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.types import Representation, Splits

_SECTIONS = ("data", "metrics", "baselines", "gates", "judge", "page")  # of a recipe that have an effect here


def judge_registered(encoder: str | Path, overrides: Sequence[str], voice: Voice, page: str | Path | None) -> Review:
    """Judges an encoder by the recipe that it was made with.

    Args:
        encoder: as `zoo.load` takes it, or the id of a run.
        overrides: of that recipe, such as `data.path=other.parquet`.
        voice: where a person reads along.
        page: where to write the report page; None writes none.

    Raises:
        InputError: no such encoder, one without its recipe, rows that it cannot read, overrides that would change
            nothing, or a page that cannot be written.
        RecipeError: wrong overrides.
    """
    path = writable_page(page)
    require_effective(overrides, _SECTIONS)
    known = found(encoder)
    recipe = known.recipe(overrides)
    for note in recipe.notes:
        voice.note(note)
    splits: Splits = recipe.build("data").load()
    require_gates(recipe)
    require_rows(recipe, splits)
    for shortage in shortages(recipe, splits):
        voice.note(shortage)
    voice.starting_tensorflow()
    with zoo_settings():
        judge = recipe.build("judge")
        table = judge.scaled(splits)
        own = known.on(table, "encoder")
        representations: list[Representation] = [own, *only_fields(own, judge.fields)]
        stand_in = _untrained(recipe, splits)
        representations += [baseline.fit(name, table, stand_in) for name, baseline in opponents(recipe).items()]
        report, evidence = judge.weigh(representations, recipe.build("metrics"), table)
        verdict = decide(report, recipe.build("gates") or {}, "encoder")
        fields, notes = fields_report(recipe, evidence), tuple(known.doubts(splits))
        report = replace(report, looks=looks([known], splits), notes=notes, fields=fields)
        made, settings = {"judged again": known.name}, recipe.build("page")
        shown = recipe.public().config
        return reviewed(voice, report, verdict, evidence, recipe=shown, made=made, page=path, settings=settings)


def _untrained(recipe: Recipe, splits: Splits) -> Trained:
    """A network as it was before its training, which some baselines are or take the size of their code from."""
    said: list[str] = []  # when it was trained
    model: Any = built_model(recipe, splits, note=said.append)
    model.adapt(splits.training_batches)
    model.remember(splits.training_batches)
    return Trained(model, model, history=(), best_epoch=-1, seconds=0.0)
