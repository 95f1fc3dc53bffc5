"""Judges registered or exported encoders again, without training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.encoder import Encoder
from zoo.errors import InputError
from zoo.evaluate.gates import decide
from zoo.keras_settings import zoo_settings
from zoo.loading import find
from zoo.recipe import compose
from zoo.representations._encoded_table import EncodedTable
from zoo.review.review import reviewed
from zoo.stages.champion import completed
from zoo.stages.model import built_model
from zoo.stages.opponents import opponents
from zoo.stages.preflight import require_gates, require_rows, shortages
from zoo.tracking.tracker import Tracker
from zoo.types import Trained

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.recipe import Recipe
    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.types import Representation, Splits

RECIPE_FILE = "recipe.yaml"


def judge_registered(encoder: str | Path, overrides: Sequence[str], voice: Voice, page: str | Path | None) -> Review:
    """Judges an encoder by the recipe that it was made with.

    Args:
        encoder: as `zoo.load` takes it.
        overrides: of that recipe, such as `data.path=other.parquet`.
        voice: where a person reads along.
        page: where to write the report page; None writes none.

    Raises:
        InputError: no such encoder, one without its recipe, or rows that it cannot read.
        RecipeError: wrong overrides.
    """
    known = found(encoder)
    recipe = known.recipe(overrides)
    for note in recipe.notes:
        voice.note(note)
    splits: Splits = recipe.build("data").load()
    require_gates(recipe)
    require_rows(recipe, splits)
    for shortage in shortages(recipe, splits):
        voice.note(shortage)
    with zoo_settings():
        judge = recipe.build("judge")
        table = judge.scaled(splits)
        representations: list[Representation] = [known.on(table, "encoder")]
        stand_in = _untrained(recipe, splits)
        representations += [baseline.fit(name, table, stand_in) for name, baseline in opponents(recipe).items()]
        report, evidence = judge.weigh(representations, recipe.build("metrics"), table)
        verdict = decide(report, recipe.build("gates") or {}, "encoder")
        made = {"judged again": known.name}
        return reviewed(voice, report, verdict, evidence, recipe=recipe.public().config, made=made, page=page)


@dataclass(frozen=True)
class Found:
    """An encoder that was looked up.

    Attributes:
        name: as it was asked for.
        directory: its SavedModel.
    """

    name: str
    directory: Path

    def recipe(self, overrides: Sequence[str] = ()) -> Recipe:
        """The recipe that it was made with, and overrides of it."""
        path = self.directory / RECIPE_FILE
        if not path.is_file():
            raise InputError(f"{self.name}: its recipe is not with it ({path}), so it is not known what to judge it on")
        return compose(str(path), overrides)

    def on(self, splits: Splits, name: str) -> EncodedTable:
        """It on a table, with what only its Keras model can do where the registry has that.

        Raises:
            InputError: rows that it cannot read.
        """
        encoder = Encoder.from_saved_model(self.directory, name=name)
        try:
            encoder.encode(splits.inputs(splits.test[:1]))
        except ValueError as error:
            raise InputError(f"{self.name} cannot read these rows: {error}") from error
        tracker = Tracker()
        try:
            registered, version = tracker.resolved(self.name)
        except InputError:  # a folder
            return EncodedTable(encoder, splits)
        return EncodedTable(completed(encoder, tracker, registered, version, splits), splits)


def found(encoder: str | Path) -> Found:
    """Looks an encoder up; raises InputError if there is none."""
    directory, _ = find(encoder)
    return Found(str(encoder).removeprefix("models:/"), directory)


def _untrained(recipe: Recipe, splits: Splits) -> Trained:
    """A network as it was before its training, which some baselines are or take the size of their code from."""
    said: list[str] = []  # when it was trained
    model: Any = built_model(recipe, splits, note=said.append)
    model.adapt(lambda: splits.weighted_batches(splits.train))
    return Trained(model, model, history=(), best_epoch=-1, seconds=0.0)
