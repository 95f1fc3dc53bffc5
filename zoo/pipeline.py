"""The stages in their order: data, model, train, evaluate, export, register. Each stage knows only its own work."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import code_digest
from zoo.keras_settings import zoo_settings
from zoo.run_state import claim
from zoo.stages.cross_validation import cross_validate
from zoo.stages.judging import judged
from zoo.stages.model import built_model
from zoo.stages.page import drawn_page
from zoo.stages.preflight import hopeless_gates, require_gates, require_name, require_places, require_rows, shortages
from zoo.stages.rehearsal import rehearse
from zoo.stages.release import Release
from zoo.stages.run_log import log_end, log_start
from zoo.stages.training import trained_model
from zoo.stages.voice import Voice

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.stages.result import Result
    from zoo.tracking.tracker import Tracker
    from zoo.types import Splits


class Pipeline:
    """Runs one composed recipe.

    Args:
        recipe: what to run.
        console: where a person reads along.
        parent: id of the tracked run this one belongs to.
    """

    def __init__(self, recipe: Recipe, console: Console, parent: str | None = None) -> None:
        self.recipe, self.voice, self.parent = recipe, Voice(console), parent
        self.tracker: Tracker = recipe.build("tracking")
        self.exporter: Exporter = recipe.build("export")

    def run(self) -> Result:
        """Trains, judges and, if blessed, exports and registers.

        Raises:
            InputError: data or folders that cannot be used, found before training.
            ZooError: anything else that went wrong in a way that can be explained.
        """
        splits = self._read()
        self.voice.starting_tensorflow()
        with zoo_settings():
            return self._made_of(splits)

    def _read(self) -> Splits:
        """The table, once all is checked that needs no TensorFlow."""
        recipe, tracker, exporter, voice = self.recipe, self.tracker, self.exporter, self.voice
        require_name(recipe.name)
        voice.say(f"{recipe.name}: {recipe.purpose}")
        for note in recipe.notes:
            voice.note(note)
        require_gates(recipe)
        voice.step("opening the registry")
        require_places(recipe.name, tracker, exporter)
        voice.step("reading the data")
        splits: Splits = recipe.build("data").load()
        exporter.check_exportable(splits)
        require_rows(recipe, splits)
        voice.starts(recipe.name, splits)
        if hopeless := hopeless_gates(recipe, splits):
            voice.note(hopeless)
        for shortage in shortages(recipe, splits):
            voice.note(shortage)
        return splits

    def _made_of(self, splits: Splits) -> Result:
        recipe, tracker, exporter, voice = self.recipe, self.tracker, self.exporter, self.voice
        voice.step("trying the export on a few rows")
        rehearse(recipe, exporter, splits)
        model = built_model(recipe, splits, voice.note)
        identity = (recipe.yaml(), str(splits.provenance.get("fingerprint")), code_digest(recipe.config))
        states = (tracker.folder or Path("mlruns")) / "checkpoints"
        with (
            claim(states, *identity) as state,
            tracker.run(recipe.name, parent=self.parent, resume=state.run_id) as run,
        ):
            state.remember(run.run_id)
            log_start(run, recipe, splits)
            cross_validate(recipe, tracker, exporter, voice, run, splits)
            listeners = (voice.progress(), run)
            trained = trained_model(
                recipe, exporter, voice, model=model, splits=splits, state=state.training, listeners=listeners
            )
            voice.step(f"judging on the {len(splits.test):,} held-out rows")
            report, verdict, evidence = judged(recipe, tracker, trained, splits)
            log_end(run, trained, report, verdict)
            voice.judged(report, verdict)
            voice.step("drawing the report page")
            page = drawn_page(recipe, run, voice, trained, report=report, verdict=verdict, evidence=evidence)
            return Release(recipe, tracker, exporter, voice, run, splits, page).release(trained, report, verdict)
