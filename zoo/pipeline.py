"""The stages in their order: data, model, train, evaluate, export, register. Each stage knows only its own work."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import code_digest
from zoo.errors import InputError
from zoo.keras_settings import zoo_settings
from zoo.run_state import claim
from zoo.stages.choosing import tried
from zoo.stages.cross_validation import cross_validated
from zoo.stages.judging import judged
from zoo.stages.page import drawn_page
from zoo.stages.preflight import (
    hopeless_gates,
    other_width,
    require_gates,
    require_name,
    require_places,
    require_rows,
    require_seeds,
    shortages,
)
from zoo.stages.rehearsal import rehearse
from zoo.stages.release import Release
from zoo.stages.run_log import log_end, log_start, log_trained
from zoo.stages.training import trained_models
from zoo.stages.voice import Voice
from zoo.stages.workers import join, meet, trained_along, worker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.run_state import RunState
    from zoo.stages.choosing import Tried
    from zoo.stages.result import Result
    from zoo.stages.training import Models
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Splits


class Pipeline:
    """Runs one composed recipe.

    `run` does all of it. A sweep takes the steps one by one, since it trains many and judges one: `read`, then `train`
    and `try_out` for each, then `judge`.

    Args:
        recipe: what to run.
        console: where a person reads along.
        parent: id of the sweep's tracked run this one belongs to.
    """

    def __init__(self, recipe: Recipe, console: Console, parent: str | None = None) -> None:
        self.recipe, self.voice, self.parent = recipe, Voice(console), parent
        self.tracker: Tracker = recipe.build("tracking")
        self.exporter: Exporter = recipe.build("export")

    @property
    def states(self) -> Path:
        """Folder of the states of interrupted runs."""
        return (self.tracker.folder or Path("mlruns")) / "checkpoints"

    @property
    def follows(self) -> bool:
        """Whether this process is another worker than the first of several: it trains along, and has no result."""
        return worker(self.recipe) > 0

    def follow(self) -> None:
        """Trains along with worker 0, which judges and publishes; writes nothing."""
        self.voice.say(f"{self.recipe.name}: worker {worker(self.recipe)} trains along with worker 0, which judges")
        meet(self.recipe, self.voice)
        self.voice.step("reading the data")
        splits = self.recipe.build("data").load()
        self.voice.starting_tensorflow()
        with zoo_settings():
            join(self.recipe, splits, self.voice)
            trained_along(self.recipe, splits)
        self.voice.say("trained; worker 0 goes on alone")

    def run(self) -> Result:
        """Trains, judges and, if blessed, exports and registers.

        Raises:
            InputError: data or folders that cannot be used, found before training.
            ZooError: anything else that went wrong in a way that can be explained.
        """
        if self.follows:
            raise InputError(
                "worker 0 alone has a result: start the other workers of train.strategy=multi_worker by the command, "
                "python -m zoo.run"
            )
        splits = self.read()
        self.voice.starting_tensorflow()
        with zoo_settings():
            join(self.recipe, splits, self.voice)
            self.rehearse(splits)
            with claim(self.states, *self.identity(splits)) as state, self.tracked(state) as run:
                models = self.train(splits, state, run)
                return self.judge(splits, models, state, run)

    def identity(self, splits: Splits) -> tuple[str, ...]:
        """Texts that say which run this is, so that it can be taken up again."""
        recipe = self.recipe
        return recipe.yaml(), str(splits.provenance.get("fingerprint")), code_digest(recipe.config)

    def read(self, splits: Splits | None = None) -> Splits:
        """The table, once all is checked that needs no TensorFlow.

        Args:
            splits: the table, if it was read before.
        """
        recipe, tracker, exporter, voice = self.recipe, self.tracker, self.exporter, self.voice
        require_name(recipe.name)
        if splits is None:
            voice.say(f"{recipe.name}: {recipe.purpose}")
            for note in recipe.notes:
                voice.note(note)
        require_gates(recipe)
        require_seeds(recipe)
        if splits is not None:
            exporter.check_exportable(splits)
            require_rows(recipe, splits)
            return splits
        voice.step("opening the registry")
        require_places(recipe.name, tracker, exporter)
        meet(recipe, voice)
        voice.step("reading the data")
        splits = recipe.build("data").load()
        exporter.check_exportable(splits)
        require_rows(recipe, splits)
        voice.starts(recipe.name, splits)
        if hopeless := hopeless_gates(recipe, splits):
            voice.note(hopeless)
        for shortage in shortages(recipe, splits):
            voice.note(shortage)
        if changed := other_width(recipe, tracker):
            voice.note(changed)
        return splits

    def rehearse(self, splits: Splits) -> None:
        """Tries the last stages on a few rows."""
        self.voice.step("trying the export on a few rows")
        rehearse(self.recipe, self.exporter, splits)

    @contextmanager
    def tracked(self, state: RunState) -> Iterator[TrackedRun]:
        """The tracked run: a new one, or the one that was interrupted."""
        with self.tracker.run(self.recipe.name, parent=self.parent, resume=state.run_id) as run:
            state.remember(run.run_id)
            yield run

    def train(self, splits: Splits, state: RunState, run: TrackedRun) -> Models:
        """Trains a model for each seed, and keeps the one that would be released with the run."""
        log_start(run, self.recipe, splits)
        models = trained_models(
            self.recipe, self.tracker, self.exporter, self.voice, run=run, splits=splits, state=state
        )
        log_trained(run, models.chosen, splits)
        return models

    def try_out(self, splits: Splits, models: Models, run: TrackedRun) -> Tried:
        """Scores trained models on the validation rows, for a choice between them and others."""
        self.voice.step(f"scoring on the {len(splits.validation):,} validation rows")
        return tried(self.recipe, models, splits, run)

    def judge(self, splits: Splits, models: Models, state: RunState, run: TrackedRun) -> Result:
        """Judges trained models on the test rows and, if they are blessed, exports and registers the chosen one."""
        recipe, tracker, exporter, voice = self.recipe, self.tracker, self.exporter, self.voice
        folds = cross_validated(recipe, tracker, exporter, voice, run=run, splits=splits, state=state)
        voice.step(f"judging on the {len(splits.test):,} test rows")
        report, verdict, evidence = judged(recipe, tracker, models, splits, run=run, folds=folds)
        log_end(run, report, verdict, models.runs)
        voice.judged(report, verdict)
        if verdict.blessed:
            exporter.prepare()
        if recipe.config["page"] is not None:
            voice.step("drawing the report page")
        page = drawn_page(recipe, run, voice, models.chosen, report=report, verdict=verdict, evidence=evidence)
        release = Release(
            recipe, tracker, exporter, voice, run, splits, page, self._why_unpublished(with_folds=folds is not None)
        )
        return release.release(models.chosen, report, verdict)

    def _why_unpublished(self, *, with_folds: bool) -> str:
        """Why a blessed encoder is not published; "" if it is."""
        if not self.recipe.config["publish"]:
            return "publish=false"
        if self.parent is not None:
            return "a sweep publishes nothing"
        return "train.folds judges a recipe, and publishes nothing" if with_folds else ""
