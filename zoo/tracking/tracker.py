"""Runs and registered encoders in MLflow."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line, suggestion
from zoo.folders import require_writable
from zoo.tracking._patience import Patient, explained, few_retries, patiently
from zoo.tracking._reachable import require_reachable
from zoo.tracking._registry import (
    CHAMPION,
    KEPT,
    LATENT_DIM,
    LATEST,
    RECIPE,
    count_again,
    encoders_judged,
    existing_run,
    former_champions,
    global_uri,
    is_absent,
    latest_run,
    set_champion,
    what_exists,
    why_none,
)
from zoo.tracking._registry_file import SQLITE, RegistryFile, own_artifacts_tag
from zoo.tracking._run_end import ended
from zoo.tracking.tracked_run import TrackedRun

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Tracker:
    """An MLflow tracking store and model registry.

    Args:
        uri: MLflow tracking URI; None takes MLFLOW_TRACKING_URI, or a SQLite file under mlruns.
        experiment: name of the experiment; None takes the recipe's name.

    Attributes:
        resolved_uri: the URI in force.
    """

    def __init__(self, uri: str | None = None, experiment: str | None = None) -> None:
        self.uri, self.experiment = uri, experiment
        self.resolved_uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}mlruns/mlflow.db"
        self._file = RegistryFile(self.resolved_uri) if self.resolved_uri.startswith(SQLITE) else None

    @property
    def folder(self) -> Path | None:
        """The folder of a SQLite store; None for a server's."""
        return None if self._file is None else self._file.folder

    @property
    def there(self) -> bool:
        """Whether there is a store: a file that is there, or a server, whether or not it answers."""
        return self._file is None or self._file.path.is_file()

    def require_writable(self) -> None:
        """Tries to write to a store on this machine, and lets one that was moved find its artifacts again.

        Raises:
            InputError: it cannot be written to.
            ZooError: a server that does not answer.
        """
        if self._file is None:
            require_reachable(self.resolved_uri)
        if self._file is not None:
            key = "tracking.uri=sqlite:///FILE or MLFLOW_TRACKING_URI"
            require_writable(self._file.folder, "the tracking folder", key)
            with self._quiet():
                self._file.make_tables()
            self._file.follow()

    @contextlib.contextmanager
    def run(
        self, name: str, *, parent: str | None = None, resume: str | None = None, experiment: str | None = None
    ) -> Iterator[TrackedRun]:
        """Opens a run; it ends as FINISHED, FAILED or KILLED according to how the block ends.

        Args:
            name: the recipe's name.
            parent: id of the run this one belongs to.
            resume: id of an interrupted run to go on with; ignored if the store does not know it.
            experiment: id of the experiment, if it is not the tracker's own or the one of the name.
        """
        with self.connected() as client:
            where = experiment or self._experiment_id(client, self.experiment or name)
            run = existing_run(client, resume) or client.create_run(
                where, run_name=name, tags={"mlflow.parentRunId": parent} if parent else None
            )
            client.update_run(run.info.run_id, status="RUNNING")
            with ended(client, run.info.run_id) as outbox:
                yield TrackedRun(client, run.info.run_id, run.info.experiment_id, outbox)

    def model_directory(self, uri: str) -> Path:
        """The SavedModel behind a `models:/` URI.

        Raises:
            InputError: there is no such model, version or alias; the message lists what there is.
            ZooError: it is registered, but its files cannot be read.
        """
        self.require_present(uri.removeprefix("models:/"))
        path = self._in_file(uri.removeprefix("models:/")) or self._asked(uri)
        directory = path / "artifacts" / "saved_model"
        if not directory.is_dir():
            raise InputError(f"{uri}: not an encoder of the zoo")
        return directory

    def _in_file(self, spec: str) -> Path | None:
        """The folder of `name@alias` or `name/version`, found without MLflow; None where only that can tell."""
        name, _, alias = spec.partition("@")
        name, _, version = name.partition("/")
        if self._file is None or not (alias or version.isdecimal()):
            return None
        return self._file.model(name, version=int(version) if version else None, alias=alias)

    def _asked(self, uri: str) -> Path:
        """The folder behind a `models:/` URI on this machine, by MLflow."""
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            try:
                return self._fetched(client, uri)
            except (MlflowException, OSError) as error:
                self.resolved(uri.removeprefix("models:/"))  # which says so if it is not registered
                raise ZooError(
                    f"{uri} is registered in {self.resolved_uri}, but cannot be read: {one_line(error)}"
                ) from error

    def _fetched(self, client: Any, uri: str) -> Path:
        """The folder behind a `models:/` URI, on this machine."""
        location = ""
        if self._file is not None and ("/" in uri.removeprefix("models:/") or "@" in uri):
            name, version = self.resolved(uri.removeprefix("models:/"))
            location = client.get_model_version_download_uri(name, str(version))
        return self._files_of(client, uri, location)

    def _files_of(self, client: Any, uri: str, location: str) -> Path:
        """The folder of a model on this machine: where it lies, or fetched."""
        import mlflow

        if self._file is not None and location.startswith(("file:", "/")):
            path = self._file.present(location)
            if not path.is_dir():
                raise FileNotFoundError(f"{path} is gone")
            return path
        with global_uri(client.tracking_uri):
            fetch = partial(mlflow.artifacts.download_artifacts, uri)
            return Path(fetch() if self._file is not None else patiently(self.resolved_uri, fetch))

    def kept(self, run_id: str) -> Path:
        """The SavedModel that a run has kept, blessed or not.

        Raises:
            InputError: there is no such run, or it has kept none.
            ZooError: its files cannot be read.
        """
        self._require_store(f"run {run_id}")
        if self._file is not None and (path := self._file.logged_model(run_id, KEPT)):
            return path / "artifacts" / "saved_model"
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            run = existing_run(client, run_id)
            if run is None:
                raise InputError(f"there is no run {run_id} in {self.resolved_uri}")
            model_id = run.data.tags.get(KEPT)
            if model_id is None:
                raise InputError(f"run {run_id} has kept no encoder: {why_none(run)}")
            try:
                path = self._files_of(
                    client, f"models:/{model_id}", client.get_logged_model(model_id).artifact_location
                )
            except (MlflowException, OSError) as error:
                raise ZooError(
                    f"the encoder of run {run_id} is in {self.resolved_uri}, but cannot be read: {one_line(error)}"
                ) from error
        return path / "artifacts" / "saved_model"

    def latest_run(self, name: str) -> str:
        """The id of the newest run of a recipe's name that has kept an encoder, blessed or not.

        Raises:
            InputError: there is none.
        """
        self._require_store(f"{name}@{LATEST}")
        if self._file is not None and (newest := self._file.newest_run(name, RECIPE, KEPT)):
            return newest
        with self.connected() as client:
            run_id = latest_run(client, name)
        if run_id is None:
            raise InputError(f"{name}@{LATEST}: no run of {name!r} has kept an encoder in {self.resolved_uri}")
        return run_id

    @contextlib.contextmanager
    def finished(self, run_id: str) -> Iterator[TrackedRun]:
        """A run that is over, to note more of it."""
        with self.connected() as client:
            run = client.get_run(run_id)
            yield TrackedRun(client, run_id, run.info.experiment_id)

    def champion(self, name: str) -> tuple[int, Path] | None:
        """Version and SavedModel of the present champion, or None if there is none."""
        version = self.champion_version(name)
        return None if version is None else (version, self.model_directory(f"models:/{name}/{version}"))

    def run_file(self, name: str, version: int, file: str) -> Path | None:
        """A file that the run of a version has kept; None if it has kept none of this name."""
        return self.file_of_run(self.run_of(name, version), file)

    def run_of(self, name: str, version: int) -> str:
        """The id of the run that a version was registered by."""
        with self.connected() as client:
            return str(client.get_model_version(name, str(version)).run_id)

    def version_of(self, run_id: str) -> tuple[str, int] | None:
        """Name and number of the version that a run has registered; None if it has registered none.

        Raises:
            InputError: there is no such run.
        """
        self._require_store(f"run {run_id}")
        with self.connected() as client:
            if existing_run(client, run_id) is None:
                raise InputError(f"there is no run {run_id} in {self.resolved_uri}")
            versions = client.search_model_versions(f"run_id='{run_id}'")
            return next(((each.name, int(each.version)) for each in versions), None)

    def tags_of(self, run_id: str) -> dict[str, str]:
        """What is noted of a run."""
        with self.connected() as client:
            return dict(client.get_run(run_id).data.tags)

    def count_looks(self, run_ids: Sequence[str], test_set: str) -> int:
        """Notes that test rows (by a digest) judge the encoders of runs, each once; how many they have judged."""
        with self.connected() as client:
            for run_id in run_ids:
                count_again(client, run_id, test_set)
            return encoders_judged(client, test_set)

    def file_of_run(self, run_id: str, file: str) -> Path | None:
        """A file that a run has kept; None if it has kept none of this name."""
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            run = client.get_run(run_id)
            if self._file is not None and run.info.artifact_uri.startswith("file:"):
                path = self._file.present(run.info.artifact_uri) / file
                return path if path.exists() else None
            try:
                return Path(client.download_artifacts(run.info.run_id, file))
            except (MlflowException, OSError):
                return None

    def champion_version(self, name: str) -> int | None:
        """Version of the present champion, or None if there is none."""
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            try:
                return int(client.get_model_version_by_alias(name, CHAMPION).version)
            except MlflowException as error:
                if not is_absent(error):
                    raise
                return None

    def champion_width(self, name: str) -> int | None:
        """Columns of the present champion's codes; None without one, or one that does not say."""
        version = self.champion_version(name)
        if version is None:
            return None
        with self.connected() as client:
            width = client.get_model_version(name, str(version)).tags.get(LATENT_DIM)
        return None if width is None else int(width)

    def resolved(self, spec: str) -> tuple[str, int]:
        """Name and version number of `name` (its champion), `name@alias` or `name/version`.

        Raises:
            InputError: there is no such model, version or alias; the message lists what there is.
        """
        if not re.fullmatch(r"[^/@]+([/@][^/@]+)?", spec):
            raise InputError(f"{spec!r}: write NAME, NAME@ALIAS or NAME/VERSION")
        self.require_present(spec)
        from mlflow.exceptions import MlflowException

        name, _, alias = spec.partition("@")
        name, _, version = name.partition("/")
        with self.connected() as client:
            try:
                if version:
                    return name, int(client.get_model_version(name, version).version)
                return name, int(client.get_model_version_by_alias(name, alias or CHAMPION).version)
            except (MlflowException, ValueError) as error:
                if isinstance(error, MlflowException) and not is_absent(error):
                    raise
                what = what_exists(client, f"models:/{spec}")
                raise InputError(f"{spec}: {what} in {self.resolved_uri}") from None

    def champions(self, name: str) -> list[int]:
        """The versions that were champion before the present one, oldest first; those that were deleted left out."""
        with self.connected() as client:
            present = {int(each.version) for each in client.search_model_versions(f"name='{name}'")}
            return [version for version in former_champions(client, name) if version in present]

    def set_champion(self, name: str, version: int) -> None:
        """Moves the alias `champion` to a version.

        Back to a former champion: what came after that is forgotten. To any other: the present one is remembered.
        """
        with self.connected() as client:
            set_champion(client, name, version)

    def newest_version(self, name: str) -> int:
        """The highest version number that was ever registered under a name and still is; 0 if there is none."""
        with self.connected() as client:
            return max((int(each.version) for each in client.search_model_versions(f"name='{name}'")), default=0)

    @contextlib.contextmanager
    def connected(self) -> Iterator[Any]:
        """A client of this store, with MLflow quiet."""
        if self._file is None:
            require_reachable(self.resolved_uri)  # before mlflow is imported, which takes seconds
        with self._quiet():
            import mlflow

            if self._file is None:
                uri = self.resolved_uri
                client = patiently(uri, lambda: mlflow.MlflowClient(uri, uri))
                with few_retries():
                    yield Patient(client, uri)
                return
            self._file.folder.mkdir(parents=True, exist_ok=True)
            yield mlflow.MlflowClient(self._file.uri, self._file.uri)

    @contextlib.contextmanager
    def _quiet(self) -> Iterator[None]:
        """Keeps MLflow quiet, and explains its errors."""
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from mlflow.exceptions import MlflowException

            for logger in ("mlflow", "alembic", "urllib3.connectionpool"):  # the last tells of each try of a request
                logging.getLogger(logger).setLevel(logging.ERROR)
            try:
                yield
            except MlflowException as error:
                raise ZooError(explained(self.resolved_uri, error)) from error

    def require_present(self, wanted: str) -> None:
        """Raises InputError if the store is a file that is not there, or that does not have a model or version.

        It is found out without MLflow, which takes seconds to import.
        """
        self._require_store(wanted)
        known = None if self._file is None else self._file.registered()
        name, _, version = wanted.partition("@")[0].partition("/")
        if known is None or (name in known and (not version.isdecimal() or int(version) in known[name])):
            return
        what = f"no registered encoder {name!r}; {suggestion(name, known, what='registered')}"
        if name in known:
            what = f"no such version or alias of {name!r}; versions: {sorted(known[name])}"
        raise InputError(f"{wanted}: {what} in {self.resolved_uri}")

    def _require_store(self, wanted: str) -> None:
        """Raises InputError if the store is a file that is not there: MLflow would make one, in whatever folder."""
        if self._file is not None and not self.there:
            raise InputError(
                f"{wanted}: there is no MLflow registry {self._file.path}; train a recipe in this folder, go to the "
                "folder of the one you want, or name it with MLFLOW_TRACKING_URI"
            )

    def _experiment_id(self, client: Any, name: str) -> str:
        from mlflow.exceptions import MlflowException

        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            artifacts = None if self._file is None else self._file.artifacts
            tags = None if self._file is None else own_artifacts_tag()
            try:
                return str(client.create_experiment(name, artifact_location=artifacts, tags=tags))
            except MlflowException:  # another run made it in the meantime
                experiment = client.get_experiment_by_name(name)
        return str(experiment.experiment_id)
