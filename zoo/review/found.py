"""An encoder that is there already: registered, exported, or kept with its run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.encoder import Encoder
from zoo.errors import InputError, ZooError
from zoo.loading import exported, find, registered_uri, run_of
from zoo.recipe import compose
from zoo.representations._encoded_table import EncodedTable
from zoo.stages.champion import completed
from zoo.stages.row_digests import TRAINING_KEYS, doubts, table_digest
from zoo.stages.run_log import MODEL_FILE
from zoo.tracking.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from zoo.recipe import Recipe
    from zoo.types import Splits

RECIPE_FILE = "recipe.yaml"


@dataclass(frozen=True)
class Found:
    """An encoder that was looked up.

    Attributes:
        name: what to call it.
        directory: its SavedModel.
        run_id: of its run; None for a folder, which does not say.
    """

    name: str
    directory: Path
    run_id: str | None

    @property
    def identity(self) -> str:
        """The same for one encoder, however it is named."""
        return self.run_id or str(self.directory.resolve())

    def recipe(self, overrides: Sequence[str] = ()) -> Recipe:
        """The recipe that it was made with, and overrides of it."""
        path = self.directory / RECIPE_FILE
        if not path.is_file():
            raise InputError(f"{self.name}: its recipe is not with it ({path}), so it is not known what to judge it on")
        return compose(str(path), overrides)

    def on(self, splits: Splits, name: str) -> EncodedTable:
        """It on a table, with what only its Keras model can do where its run has that.

        Raises:
            InputError: rows that it cannot read.
        """
        encoder = Encoder.from_saved_model(self.directory, name=name)
        try:
            encoder.encode(splits.inputs(splits.test[:1]))
        except ValueError as error:
            raise InputError(f"{self.name} cannot read these rows: {error}") from error
        return EncodedTable(completed(encoder, self._kept(MODEL_FILE), splits), splits)

    def doubts(self, splits: Splits) -> Iterator[str]:
        """What is to be known of the rows that it was trained on, where they may be today's test rows."""
        yield from doubts(self.name, self._kept(TRAINING_KEYS), splits)

    def _kept(self, file: str) -> Path | None:
        """A file that its run has kept."""
        return None if self.run_id is None else Tracker().file_of_run(self.run_id, file)


def require_known(encoders: Sequence[str]) -> None:
    """Raises InputError for the first that cannot be looked up, before anything slow is imported."""
    for encoder in encoders:
        if exported(encoder) is None and run_of(str(encoder)) is None:
            Tracker().require_present(registered_uri(str(encoder)).removeprefix("models:/"))


def found(encoder: str | Path) -> Found:
    """Looks up what `zoo.load` takes, or the id of a run; raises InputError if there is none."""
    tracker, spec = Tracker(), str(encoder)
    folder = exported(encoder)
    if folder is not None:
        return Found(spec, folder[0], None)
    if run := run_of(spec):
        version = tracker.version_of(run)
        if version is None:
            return Found(f"run {run[:8]}", tracker.kept(run), run)
        spec = f"{version[0]}/{version[1]}"
    directory, name = find(spec)
    try:
        run_id = tracker.run_of(*tracker.resolved(name))
    except InputError:  # a model that MLflow knows by another kind of name
        run_id = None
    return Found(name, directory, run_id)


def looks(everyone: Sequence[Found], splits: Splits) -> int | None:
    """Notes that test rows judge encoders, and counts all that they have judged; None where runs are not known."""
    runs = [each.run_id for each in everyone]
    known = [run for run in runs if run is not None]
    if len(known) < len(runs):
        return None
    try:
        return Tracker().count_looks(known, table_digest(splits))
    except ZooError:  # a registry that is only read
        return None
