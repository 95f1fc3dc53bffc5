"""Where an encoder goes once it is judged: into the registry and the store, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder, Vocabulary
from zoo.errors import ZooError
from zoo.export.exporter import BLESSED
from zoo.report.advice import next_steps
from zoo.report.model_card import CARD_FILE, model_card
from zoo.report.numbers import as_json
from zoo.stages.page import PageFiles, made
from zoo.stages.result import Result

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Report, Splits, Trained, Verdict

_EXAMPLE_ROWS = 5


@dataclass(frozen=True)
class Release:
    """Registers, exports and promotes a blessed encoder.

    Attributes:
        recipe: of the run.
        tracker: with the registry.
        exporter: with the store.
        voice: says where things went.
        run: the tracked run.
        splits: the table.
        page: the report page, which goes along with what is exported.
    """

    recipe: Recipe
    tracker: Tracker
    exporter: Exporter
    voice: Voice
    run: TrackedRun
    splits: Splits
    page: PageFiles

    def release(self, trained: Trained, report: Report, verdict: Verdict) -> Result:
        """Registers and exports the encoder if it is blessed, and makes it the champion unless the champion is better.

        Raises:
            ZooError: it could not be exported or registered, and is neither then; or not promoted, which is explained.
        """
        where = f"{self.run.run_id} in {self.tracker.resolved_uri}"
        if not verdict.blessed:
            self.voice.not_blessed(where, verdict, self.page.where, next_steps(report, verdict, trained))
            return Result(report, verdict, self._in_memory(trained), self.run.run_id, page=self.page.where)
        name, promoted = self.recipe.name, verdict.beats_champion is not False
        version, directory = self._export(trained, report, verdict)
        if promoted:
            self._promote(version)
        self.run.log_tags({"zoo.version": version, "zoo.champion": promoted, "zoo.exported": directory})
        self.voice.blessed(
            where,
            name,
            version,
            verdict,
            directory=directory,
            store=self.exporter.store,
            latent_dim=trained.model.latent_dim,
            page=self.page.where,
        )
        saved = directory or self.tracker.model_directory(f"models:/{name}/{version}")
        encoder = Encoder.from_saved_model(saved, name=f"{name}/{version}")
        return Result(report, verdict, encoder, self.run.run_id, version, directory, promoted, self.page.where)

    def _export(self, trained: Trained, report: Report, verdict: Verdict) -> tuple[int, Path | None]:
        """Registers the encoder, and puts it into the store unless the champion is better.

        Servers give a request that names no version the newest one they have, so a worse one must not lie there.
        """
        name, splits = self.recipe.name, self.splits
        with (
            self.voice.exporting(),
            self.exporter.candidate(
                name, trained.model, splits, self._documents(trained, report, verdict), trained.code_scale
            ) as candidate,
        ):
            rows = example_rows(splits)
            version = self.run.register(name, candidate.directory, rows, trained.model.latent_dim)
            try:
                self.voice.verified(candidate)
                if verdict.beats_champion is False:
                    return version, None
                return version, self.exporter.publish(candidate, name, version)
            except BaseException:
                self.run.delete_version(name, version)
                raise

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
        "verdict.json": as_json(verdict),
        "recipe.yaml": recipe.public().yaml(),
        CARD_FILE: model_card(recipe.public().config, splits, trained, report, verdict, made(run_id)),
        BLESSED: "",
    }


def _vocabulary(trained: Trained, splits: Splits) -> Vocabulary | None:
    if splits.keys is None:
        return None
    encoder = Encoder.from_model("vocabulary", trained.model, kind=splits.kind, code_scale=trained.code_scale)
    return Vocabulary(splits.keys.tolist(), lambda: np.concatenate(list(encoder.encode_table(splits))))
