"""The stages in their order: data, model, train, evaluate, export, register. Each stage knows only its own work."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder, Vocabulary
from zoo.environment import facts
from zoo.errors import InputError, ZooError
from zoo.evaluate.gates import decide
from zoo.export.exporter import BLESSED
from zoo.intakes.choose import intake_of, plain_intake_of
from zoo.quiet import import_tensorflow
from zoo.report.messages import collapses, kinds_differ, missing_labels, rows_in_words
from zoo.report.model_card import CARD_FILE, model_card
from zoo.report.numbers import as_json, flat, fold_metrics, score_metrics
from zoo.report.progress import ProgressReport
from zoo.report.tables import folds_table, report_table, verdict_table
from zoo.representations.encoded_table import EncodedTable
from zoo.run_state import claim

if TYPE_CHECKING:
    from rich.console import Console

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import (
        Exported,
        Listener,
        Report,
        Representation,
        Splits,
        Trained,
        Verdict,
    )

_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Attributes:
        report: representations x metrics.
        verdict: gate by gate.
        encoder: the trained encoder.
        run_id: of the tracked run.
        version: of the registered encoder; None if it was not blessed.
        directory: of the version in the store; None if it did not become the champion.
        promoted: whether it became the champion.
    """

    report: Report
    verdict: Verdict
    encoder: Encoder
    run_id: str
    version: int | None = None
    directory: Path | None = None
    promoted: bool = False


class Pipeline:
    """Runs one composed recipe.

    Args:
        recipe: what to run.
        console: where a person reads along.
        parent: id of the tracked run this one belongs to.
    """

    def __init__(self, recipe: Recipe, console: Console, parent: str | None = None) -> None:
        self.recipe, self.console, self.parent = recipe, console, parent
        self.tracker: Tracker = recipe.build("tracking")
        self.exporter: Exporter = recipe.build("export")

    def run(self) -> Result:
        """Trains, judges and, if blessed, exports and registers.

        Raises:
            InputError: data or folders that cannot be used, found before training.
            ZooError: anything else that went wrong in a way that can be explained.
        """
        for note in self.recipe.notes:
            self._note(note)
        self._require_gates()
        self._require_places()
        splits: Splits = self.recipe.build("data").load()
        self.exporter.require_expressible(splits)
        for note in splits.notes:
            self._note(note)
        self._say_what_starts(splits)
        self._note_missing_labels(splits)
        model = self._build_model(splits)
        identity = (self.recipe.yaml(), str(splits.provenance.get("fingerprint")), facts()["zoo"])
        states = (self.tracker.folder or Path("mlruns")) / "checkpoints"
        with (
            claim(states, *identity) as state,
            self.tracker.run(self.recipe.name, parent=self.parent, resume=state.run_id) as run,
        ):
            state.remember(run.run_id)
            self._log_start(run, splits)
            self._cross_validate(run, splits)
            trained = self._train(model, splits, state.training, (ProgressReport(self.console), run))
            report, verdict = self._judge(trained, splits)
            self._log_end(run, trained, report, verdict)
            self.console.print(report_table(report))
            self.console.print(verdict_table(verdict))
            self._note_collapse(report)
            return self._finish(run, trained, splits, report, verdict)

    def _require_gates(self) -> None:
        """Refuses gates that no encoder could pass, before anything is trained."""
        metrics = self.recipe.build("metrics")
        for name, gate in (self.recipe.build("gates") or {}).items():
            if gate.beats and metrics[gate.metric].higher_is_better is None:
                raise InputError(
                    f"gates.{name}: {gate.metric} describes an encoder and ranks none, so none can be beaten by it: "
                    f"name another metric, or give at_least instead of beats"
                )

    def _note_missing_labels(self, splits: Splits) -> None:
        note = missing_labels(self.recipe.build("metrics"), self.recipe.build("gates") or {}, splits)
        if note:
            self._note(note)

    def _require_places(self) -> None:
        name = self.recipe.name
        self.tracker.require_writable()
        self.exporter.require_writable(name)
        stored, registered = self.exporter.newest_version(name), self.tracker.newest_version(name)
        if stored > registered:
            raise InputError(
                f"the store {self.exporter.store} has version {stored} of {name}, the registry "
                f"{self.tracker.resolved_uri} only {registered}: they do not belong together, and the next version "
                f"would clash. Set export.store=FOLDER or MLFLOW_TRACKING_URI, or move the store's versions away"
            )

    def _build_model(self, splits: Splits) -> Any:
        import_tensorflow()
        import keras

        keras.utils.set_random_seed(self.recipe.seed)
        model = self.recipe.build("model")
        if (
            hasattr(model.likelihood, "fields") and splits.categories
        ):  # the sizes of a record's fields come from its data
            model.likelihood.fields = {field: len(names) for field, names in splits.categories.items()}
        if model.takes_sparse != splits.is_sparse:
            raise InputError(kinds_differ(model, splits))
        if model.latent_dim >= splits.width:
            self._note(
                f"latent_dim {model.latent_dim} is not smaller than the {splits.width} columns of the rows: "
                f"the code cannot be a smaller vector"
            )
        try:
            model.build((None, *splits.shape))
        except ValueError as error:
            raise InputError(f"the model cannot be built for {rows_in_words(splits)}: {error}") from error
        return model

    def _cross_validate(self, run: TrackedRun, splits: Splits) -> None:
        """Trains and judges a model for each fold, in child runs; it describes, and blesses nothing."""
        count = self.recipe.build("train").folds
        if not count:
            return
        from zoo.train.folds import folds

        reports = []
        for number, fold in enumerate(folds(splits, count, self.recipe.seed), start=1):
            self._say(f"fold {number} of {count}: {len(fold.train):,} to train, {len(fold.test):,} held out")
            with (
                self.tracker.run(
                    f"{self.recipe.name} fold {number}", parent=run.run_id, experiment=run.experiment
                ) as child,
                tempfile.TemporaryDirectory() as scratch,
            ):
                state = Path(scratch) / "training.npz"
                trained = self._train(self._build_model(fold), fold, state, (child,))
                report = self._report(trained, fold, [])
                child.log_metrics(dict(score_metrics(report)))
                child.log_tags({"zoo.fold": number})
                reports.append(report)
        self.console.print(folds_table(reports))
        run.log_metrics(dict(fold_metrics(reports)))

    def _train(self, model: Any, splits: Splits, state: Path, listeners: tuple[Listener, ...]) -> Trained:
        trained: Trained = self.recipe.build("train").fit(
            model, splits, seed=self.recipe.seed, state=state, listeners=listeners
        )
        for note in trained.notes:
            self._note(note)
        taken_up = f", taken up at epoch {trained.resumed_epoch + 1}" if trained.resumed_epoch else ""
        kept = f"those of epoch {trained.best_epoch + 1}" if trained.best_epoch >= 0 else "the first ones"
        short = "" if trained.precision == "float32" else f", computing in {trained.precision}"
        time = f"{len(trained.history)} epochs in {trained.seconds:.1f} s"
        self._say(f"trained {time}{taken_up}{short}; the weights are {kept}")
        # what is judged from here on is what would be exported
        trained = dataclasses.replace(trained, code_scale=self.exporter.lower(trained.model, splits))
        if self.exporter.precision != "float32":
            from zoo.train.trainer import set_threshold

            set_threshold(trained.model, splits)  # the scores have moved a little
        return trained

    def _judge(self, trained: Trained, splits: Splits) -> tuple[Report, Verdict]:
        champion, obstacle = self._champion(splits)
        report = self._report(trained, splits, [] if champion is None else [champion])
        verdict = decide(report, self.recipe.build("gates") or {}, "encoder", champion.name if champion else None)
        if obstacle:
            verdict = dataclasses.replace(
                verdict, champion="champion", beats_champion=False, champion_reasons=(obstacle,)
            )
        return report, verdict

    def _report(self, trained: Trained, splits: Splits, more: list[Representation]) -> Report:
        intake = plain_intake_of(splits)
        encoder = Encoder.from_model("encoder", trained.model, intake=intake, code_scale=trained.code_scale)
        baselines = self.recipe.build("baselines")
        representations: list[Representation] = [EncodedTable(encoder, splits)]
        representations += [baseline.fit(name, splits, trained) for name, baseline in baselines.items()]
        return self.recipe.build("judge").report(representations + more, self.recipe.build("metrics"), splits)

    def _champion(self, splits: Splits) -> tuple[Representation | None, str]:
        """The present champion, or why it cannot be compared with; neither if there is none."""
        try:
            found = self.tracker.champion(self.recipe.name)
            if found is None:
                return None, ""
            champion = Encoder.from_saved_model(found[1], name="champion")
        except (ZooError, OSError) as error:
            return None, f"the champion could not be loaded: {error}"
        intake = intake_of(splits)
        try:
            arrays = intake.arrays(splits.take(splits.test[:1]))
            champion.encode(arrays)
        except ValueError as error:
            return None, f"{error}: give the new encoder a name of its own with name=NAME"
        return EncodedTable(champion, splits, intake), ""

    def _finish(self, run: TrackedRun, trained: Trained, splits: Splits, report: Report, verdict: Verdict) -> Result:
        if not verdict.blessed:
            self._say("not blessed: not registered, not exported", style="bold red")
            for reason in verdict.reasons:
                self._say(f"  {reason}")
            self._say(f"run {run.run_id} in {self.tracker.resolved_uri}")
            vocabulary = _vocabulary(trained, splits)
            encoder = Encoder.from_model(
                self.recipe.name, trained.model, vocabulary, intake_of(splits), trained.code_scale
            )
            return Result(report, verdict, encoder, run.run_id)
        name, promoted = self.recipe.name, verdict.beats_champion is not False
        version, directory = self._export(run, trained, splits, report, verdict)
        if promoted:
            try:
                with self.exporter.stable(name, version):
                    run.promote(name, version)
            except ZooError as error:
                raise ZooError(
                    f"{error}\n{name} {version} is registered and in {self.exporter.store}, but not the champion; "
                    f"python -m zoo.rollback {name} to={version} target={self.exporter.store} makes it so"
                ) from error
        run.log_tags({"zoo.version": version, "zoo.champion": promoted, "zoo.exported": directory})
        self._say_where(run, version, directory, verdict, trained.model.latent_dim)
        saved = directory or self.tracker.model_directory(f"models:/{name}/{version}")
        encoder = Encoder.from_saved_model(saved, name=f"{name}/{version}")
        return Result(report, verdict, encoder, run.run_id, version, directory, promoted)

    def _export(
        self, run: TrackedRun, trained: Trained, splits: Splits, report: Report, verdict: Verdict
    ) -> tuple[int, Path | None]:
        """Registers the encoder, and puts it into the store unless the champion is better.

        Servers give a request that names no version the newest one they have, so a worse one must not lie there.
        """
        name = self.recipe.name
        documents = {
            "verdict.json": as_json(verdict),
            "recipe.yaml": self.recipe.yaml(),
            CARD_FILE: model_card(self.recipe.config, splits, trained, report, verdict, _made(run.run_id)),
            BLESSED: "",
        }
        with (
            self.console.status("exporting, and verifying by serving it in a fresh process"),
            self.exporter.candidate(name, trained.model, splits, documents, trained.code_scale) as candidate,
        ):
            rows = intake_of(splits).arrays(splits.take(splits.test[:_EXAMPLE_ROWS]))
            version = run.register(name, candidate.directory, rows, trained.model.latent_dim)
            try:
                self._say_verified(candidate)
                if verdict.beats_champion is False:
                    return version, None
                return version, self.exporter.publish(candidate, name, version)
            except BaseException:
                run.withdraw(name, version)
                raise

    def _say_verified(self, candidate: Exported) -> None:
        self._say(
            f"exported {', '.join(candidate.signatures)}; served without the zoo, over gRPC and REST, it gives the "
            f"same values (largest difference {candidate.largest_difference:.1e})"
        )

    def _log_start(self, run: TrackedRun, splits: Splits) -> None:
        run.log_text(self.recipe.yaml(), "recipe.yaml")
        run.log_text(as_json(splits.provenance), "data.json")
        run.log_parameters(flat(self.recipe.config))
        run.log_tags(
            {
                "zoo.recipe": self.recipe.name,
                "zoo.overrides": " ".join(self.recipe.overrides),
                "zoo.data.fingerprint": splits.provenance.get("fingerprint"),
                "mlflow.source.git.commit": facts()["git"],
                **{f"zoo.version.{package}": version for package, version in facts().items() if package != "git"},
            }
        )

    def _log_end(self, run: TrackedRun, trained: Trained, report: Report, verdict: Verdict) -> None:
        with tempfile.TemporaryDirectory() as scratch:
            model = Path(scratch) / "model.keras"
            trained.model.save(model)
            run.log_file(model)
        run.log_metrics({"train_seconds": trained.seconds, "best_epoch": trained.best_epoch + 1})
        run.log_tags({"zoo.train.precision": trained.precision})
        run.log_metrics(dict(score_metrics(report)))
        run.log_text(as_json(report), "report.json")
        run.log_text(as_json(verdict), "verdict.json")
        run.log_tags({"zoo.blessed": verdict.blessed})

    def _say_what_starts(self, splits: Splits) -> None:
        counts = (
            f"{len(splits.train):,} to train, {len(splits.validation):,} to validate, {len(splits.test):,} held out"
        )
        self._say(f"{self.recipe.name}: {len(splits):,} {rows_in_words(splits)} ({counts})")

    def _say_where(
        self, run: TrackedRun, version: int, directory: Path | None, verdict: Verdict, latent_dim: int
    ) -> None:
        name = self.recipe.name
        promoted = verdict.beats_champion is not False
        canary = f"python -m zoo.push {name}/{version} target={self.exporter.store}"
        spec = name if promoted else f"{name}/{version}"
        self._say("blessed: every gate passed", style="bold green")
        lines = [
            f"run       {run.run_id} in {self.tracker.resolved_uri}",
            f"version   {name} {version}" + (", now the champion" if promoted else ", the champion stays"),
            *(f"          {reason}" for reason in verdict.champion_reasons),
            f"exported  {directory}"
            if directory
            else f"exported  to the registry only; `{canary}` serves it as a canary, and to who asks for no label",
            "",
            f'    import zoo; encoder = zoo.load("{spec}")',
            f"    codes = encoder.encode(rows)  # float32 [n, {latent_dim}]",
        ]
        for line in lines:
            self._say(line)

    def _note_collapse(self, report: Report) -> None:
        for note in collapses(report):
            self._note(note)

    def _note(self, text: str) -> None:
        self._say(f"note: {text}", style="yellow")

    def _say(self, text: str, style: str = "") -> None:
        # without markup: a path or an override may well hold square brackets
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


def _vocabulary(trained: Trained, splits: Splits) -> Vocabulary | None:
    if splits.keys is None:
        return None
    intake = plain_intake_of(splits)
    encoder = Encoder.from_model("vocabulary", trained.model, intake=intake, code_scale=trained.code_scale)
    rows = np.arange(len(splits))
    return Vocabulary(
        splits.keys.tolist(), lambda: np.concatenate([encoder.encode(block) for block in splits.batches(rows)])
    )


def _made(run_id: str) -> dict[str, str]:
    """How an encoder was made, beyond what recipe and data say."""
    versions = ", ".join(f"{name} {version}" for name, version in facts().items())
    return {"run": f"`{run_id}` in MLflow, with the recipe, the report and the Keras model", "made with": versions}
