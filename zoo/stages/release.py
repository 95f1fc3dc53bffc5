"""Where an encoder goes once it is judged: into the registry and the store, or nowhere."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder, Vocabulary
from zoo.errors import ZooError
from zoo.export.exporter import BLESSED
from zoo.loading import VERDICT_FILE
from zoo.report.advice import next_steps
from zoo.report.model_card import CARD_FILE, model_card
from zoo.report.numbers import as_json
from zoo.stages.page import PageFiles, made
from zoo.stages.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Exported, Report, Splits, Trained, Verdict

_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Release:
    """Keeps an encoder with its run; registers, exports and promotes it if it is blessed and is to be published.

    Attributes:
        recipe: of the run.
        tracker: with the registry.
        exporter: with the store.
        voice: says where things went.
        run: the tracked run.
        splits: the table.
        page: the report page, which goes along with what is exported.
        unpublished: why a blessed encoder is kept with its run alone; "" registers and exports it.
    """

    recipe: Recipe
    tracker: Tracker
    exporter: Exporter
    voice: Voice
    run: TrackedRun
    splits: Splits
    page: PageFiles
    unpublished: str = ""

    def release(self, trained: Trained, report: Report, verdict: Verdict) -> Result:
        """Keeps the encoder; registers it if it is blessed, and makes it the champion unless the champion is better.

        Raises:
            ZooError: it could not be exported or registered, and is neither then; or not promoted, which is explained.
        """
        if not verdict.blessed:
            encoder = self._unblessed(trained, report, verdict)
            steps = next_steps(report, verdict, trained)
            self.voice.not_blessed(self._where, verdict, self.page.where, steps, encoder.name)
            return Result(report, verdict, encoder, self.run.run_id, page=self.page.where)
        return (self._kept if self.unpublished else self._published)(trained, report, verdict)

    @property
    def _where(self) -> str:
        return f"{self.run.run_id} in {self.tracker.resolved_uri}"

    def _kept(self, trained: Trained, report: Report, verdict: Verdict) -> Result:
        """Keeps a blessed encoder with its run alone, as it would be published."""
        spec, page = f"runs:/{self.run.run_id}", self.page.where
        with self._candidate(trained, report, verdict) as candidate:
            self.voice.verified(candidate)
        self.voice.not_published(self._where, self.unpublished, spec, _in_words(trained.model), page)
        encoder = Encoder.from_saved_model(self.tracker.kept(self.run.run_id), name=spec)
        return Result(report, verdict, encoder, self.run.run_id, page=page)

    def _published(self, trained: Trained, report: Report, verdict: Verdict) -> Result:
        name, promoted = self.recipe.name, verdict.beats_champion is not False
        version, directory = self._export(trained, report, verdict)
        if promoted:
            self._promote(version)
        self.run.log_tags({"zoo.version": version, "zoo.champion": promoted, "zoo.exported": directory})
        self.voice.blessed(
            self._where,
            verdict,
            name=name,
            version=version,
            promoted=promoted,
            directory=directory,
            store=self.exporter.store,
            code=_in_words(trained.model),
            page=self.page.where,
        )
        saved = directory or self.tracker.model_directory(f"models:/{name}/{version}")
        encoder = Encoder.from_saved_model(saved, name=f"{name}/{version}")
        return Result(report, verdict, encoder, self.run.run_id, version, directory, promoted, self.page.where)

    @contextlib.contextmanager
    def _candidate(self, trained: Trained, report: Report, verdict: Verdict) -> Iterator[Exported]:
        """The exported encoder, verified and kept with the run."""
        documents = self._documents(trained, report, verdict)
        with (
            self.voice.exporting(),
            self.exporter.candidate(
                self.recipe.name, trained.model, self.splits, documents, trained.code_scale
            ) as candidate,
        ):
            model = trained.model
            self.run.keep(candidate.directory, example_rows(self.splits), model.latent_dim, _codes_type(model))
            yield candidate

    def _export(self, trained: Trained, report: Report, verdict: Verdict) -> tuple[int, Path | None]:
        """Registers the encoder, and puts it into the store unless the champion is better.

        Servers give a request that names no version the newest one they have, so a worse one must not lie there.
        """
        name = self.recipe.name
        with self._candidate(trained, report, verdict) as candidate:
            version = self.run.register(name)
            try:
                self.voice.verified(candidate)
                if verdict.beats_champion is False:
                    return version, None
                return version, self.exporter.publish(candidate, name, version)
            except BaseException:
                self.run.delete_version(name, version)
                raise

    def _unblessed(self, trained: Trained, report: Report, verdict: Verdict) -> Encoder:
        """The encoder as it is in memory, kept with its run where that can be: this never costs a run its result."""
        encoder = self._in_memory(trained)
        if not self.exporter.keep:
            return encoder
        documents, width = self._documents(trained, report, verdict), trained.model.latent_dim
        self.voice.step("keeping the encoder with its run")
        try:
            with self.exporter.written(
                self.recipe.name, trained.model, self.splits, documents, trained.code_scale
            ) as directory:
                self.run.keep(directory, example_rows(self.splits), width, _codes_type(trained.model))
        except ZooError as error:
            self.voice.note(f"the encoder is not kept with its run: {error}")
            return encoder
        encoder.name = f"runs:/{self.run.run_id}"
        if self.tracker.folder is not None:  # a path of now, wherever the process goes afterwards
            kept = self.tracker.kept(self.run.run_id).absolute()
            return encoder.with_files(lambda: kept)
        return encoder.with_files(lambda: self.tracker.kept(self.run.run_id))

    def _promote(self, version: int) -> None:
        name, store = self.recipe.name, self.exporter.store
        try:
            with self.exporter.stable(name, version):
                self.run.set_champion(name, version)
        except ZooError as error:
            raise ZooError(
                f"{error}\n{name} {version} is registered and in {store}, but not the champion; "
                f"python -m zoo.rollback {name} to={version} target={store} makes it so"
            ) from error

    def _documents(self, trained: Trained, report: Report, verdict: Verdict) -> Mapping[str, str | bytes]:
        own = documents(self.recipe, self.splits, trained, report, verdict, self.run.run_id)
        return {**own, **self.page.exported}

    def _in_memory(self, trained: Trained) -> Encoder:
        vocabulary = _vocabulary(trained, self.splits)
        return Encoder.from_model(self.recipe.name, trained.model, vocabulary, self.splits.kind, trained.code_scale)


def example_rows(splits: Splits) -> dict[str, Any]:
    """The rows that the registry shows as an example of what goes in."""
    return splits.inputs(splits.test[:_EXAMPLE_ROWS])


def documents(
    recipe: Recipe, splits: Splits, trained: Trained, report: Report, verdict: Verdict, run_id: str
) -> Mapping[str, str]:
    """What goes along with an exported encoder, by file name."""
    return {
        VERDICT_FILE: as_json(verdict),
        "recipe.yaml": recipe.public().yaml(),
        CARD_FILE: model_card(recipe.public().config, splits, trained, report, verdict, made(run_id)),
        **({BLESSED: ""} if verdict.blessed else {}),
    }


def _in_words(model: Any) -> str:
    """What a user gets of so many rows, such as `float32 [n, 25]`."""
    return f"{_codes_type(model)} [n, {model.latent_dim}]"


def _codes_type(model: Any) -> str:
    """Of what `encode` gives."""
    return "uint8" if model.gives_bytes else "float32"


def _vocabulary(trained: Trained, splits: Splits) -> Vocabulary | None:
    if splits.keys is None or splits.stream is not None:  # of a sample, most keys would not be found
        return None
    encoder = Encoder.from_model("vocabulary", trained.model, kind=splits.kind, code_scale=trained.code_scale)
    return Vocabulary(splits.keys.tolist(), lambda: np.concatenate(list(encoder.encode_table(splits))))
