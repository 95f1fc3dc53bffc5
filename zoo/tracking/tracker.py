"""Runs and registered encoders in MLflow."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line, suggestion
from zoo.folders import require_writable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHAMPION = "champion"
_FORMER = (
    "zoo.former_champions"  # tag of a registered model: versions, oldest first; MLflow keeps no history of aliases
)
_SQLITE = "sqlite:///"
_LONGEST_PARAMETER = 6000  # MLflow's own limit
_global_uri_lock = threading.Lock()


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
        self.resolved_uri = uri or os.environ.get("MLFLOW_TRACKING_URI") or f"{_SQLITE}mlruns/mlflow.db"

    @property
    def folder(self) -> Path | None:
        """The folder of a SQLite store; None for a server's."""
        file = self._file
        return None if file is None else file.parent

    @property
    def _file(self) -> Path | None:
        """The file of a SQLite store; None for a server's."""
        if not self.resolved_uri.startswith(_SQLITE):
            return None
        return Path(self.resolved_uri.removeprefix(_SQLITE)).expanduser()

    def require_writable(self) -> None:
        """Tries to write to a store on this machine; raises InputError if it cannot."""
        if self.folder is not None:
            require_writable(self.folder, "the tracking folder", "tracking.uri=sqlite:///FILE or MLFLOW_TRACKING_URI")
            self._make_tables(self.folder)

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
            run = _existing(client, resume) or client.create_run(
                where, run_name=name, tags={"mlflow.parentRunId": parent} if parent else None
            )
            client.update_run(run.info.run_id, status="RUNNING")
            try:
                yield TrackedRun(client, run.info.run_id, run.info.experiment_id)
            except BaseException as error:
                killed = isinstance(error, KeyboardInterrupt)
                client.set_terminated(run.info.run_id, "KILLED" if killed else "FAILED")
                raise
            client.set_terminated(run.info.run_id, "FINISHED")

    def model_directory(self, uri: str) -> Path:
        """The SavedModel behind a `models:/` URI.

        Raises:
            InputError: there is no such model, version or alias; the message lists what there is.
            ZooError: it is registered, but its files cannot be read.
        """
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            import mlflow

            try:
                with _global_uri(client.tracking_uri):
                    path = Path(mlflow.artifacts.download_artifacts(uri))
            except (MlflowException, OSError) as error:
                self.resolved(uri.removeprefix("models:/"))  # which says so if it is not registered
                raise ZooError(
                    f"{uri} is registered in {self.resolved_uri}, but cannot be read: {one_line(error)}"
                ) from error
        directory = path / "artifacts" / "saved_model"
        if not directory.is_dir():
            raise InputError(f"{uri}: not an encoder of the zoo")
        return directory

    def champion(self, name: str) -> tuple[int, Path] | None:
        """Version and SavedModel of the present champion, or None if there is none."""
        version = self.champion_version(name)
        return None if version is None else (version, self.model_directory(f"models:/{name}/{version}"))

    def champion_version(self, name: str) -> int | None:
        """Version of the present champion, or None if there is none."""
        from mlflow.exceptions import MlflowException

        with self.connected() as client:
            try:
                return int(client.get_model_version_by_alias(name, CHAMPION).version)
            except MlflowException as error:
                if not _is_absent(error):
                    raise
                return None

    def resolved(self, spec: str) -> tuple[str, int]:
        """Name and version number of `name` (its champion), `name@alias` or `name/version`.

        Raises:
            InputError: there is no such model, version or alias; the message lists what there is.
        """
        from mlflow.exceptions import MlflowException

        if not re.fullmatch(r"[^/@]+([/@][^/@]+)?", spec):
            raise InputError(f"{spec!r}: write NAME, NAME@ALIAS or NAME/VERSION")
        name, _, alias = spec.partition("@")
        name, _, version = name.partition("/")
        with self.connected() as client:
            try:
                if version:
                    return name, int(client.get_model_version(name, version).version)
                return name, int(client.get_model_version_by_alias(name, alias or CHAMPION).version)
            except (MlflowException, ValueError) as error:
                if isinstance(error, MlflowException) and not _is_absent(error):
                    raise
                what = _what_exists(client, f"models:/{spec}")
                raise InputError(f"{spec}: {what} in {self.resolved_uri}") from None

    def champions(self, name: str) -> list[int]:
        """The versions that were champion before the present one, oldest first; those that were deleted left out."""
        with self.connected() as client:
            present = {int(each.version) for each in client.search_model_versions(f"name='{name}'")}
            return [version for version in _former(client, name) if version in present]

    def crown(self, name: str, version: int) -> None:
        """Moves the alias `champion` to a version.

        Back to a former champion: what came after that is forgotten. To any other: the present one is remembered.
        """
        with self.connected() as client:
            _crown(client, name, version)

    def newest_version(self, name: str) -> int:
        """The highest version number that was ever registered under a name and still is; 0 if there is none."""
        with self.connected() as client:
            return max((int(each.version) for each in client.search_model_versions(f"name='{name}'")), default=0)

    @contextlib.contextmanager
    def connected(self) -> Iterator[Any]:
        """A client of this store, with MLflow quiet."""
        os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import mlflow
            from mlflow.exceptions import MlflowException

            for logger in ("mlflow", "alembic"):
                logging.getLogger(logger).setLevel(logging.ERROR)
            if self.folder is not None:
                self.folder.mkdir(parents=True, exist_ok=True)
            # MLflow keeps one store open for each URI: a relative one would stay that of an earlier working directory.
            uri = self.resolved_uri if self._file is None else f"{_SQLITE}{self._file.absolute()}"
            try:
                yield mlflow.MlflowClient(uri, uri)
            except MlflowException as error:
                raise ZooError(f"MLflow at {self.resolved_uri}: {str(error).splitlines()[0]}") from error

    def _make_tables(self, folder: Path) -> None:
        """Lets MLflow make its tables, one process at a time: two that do so at once break each other's."""
        with (folder / ".making-tables").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            with self.connected() as client:
                client.search_experiments(max_results=1)

    def _experiment_id(self, client: Any, name: str) -> str:
        from mlflow.exceptions import MlflowException

        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            artifacts = None if self.folder is None else (self.folder / "artifacts").absolute().as_uri()
            try:
                return str(client.create_experiment(name, artifact_location=artifacts))
            except MlflowException:  # another run made it in the meantime
                experiment = client.get_experiment_by_name(name)
        return str(experiment.experiment_id)


class TrackedRun:
    """One run in the store. As a `zoo.types.Listener` it logs every epoch's means."""

    def __init__(self, client: Any, run_id: str, experiment: str) -> None:
        self._client, self.run_id, self.experiment = client, run_id, experiment

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """See `zoo.types.Listener`."""

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """See `zoo.types.Listener`."""

    def train_ends(self) -> None:
        """See `zoo.types.Listener`."""

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Logs an epoch's means; MLflow's step counts epochs from 1."""
        self.log_metrics(logs, step=epoch + 1)

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Logs what the run was told."""
        from mlflow.entities import Param

        entries = [Param(key, str(value)[:_LONGEST_PARAMETER]) for key, value in parameters.items()]
        for start in range(0, len(entries), 100):
            self._client.log_batch(self.run_id, params=entries[start : start + 100])

    def log_tags(self, tags: Mapping[str, Any]) -> None:
        """Logs facts about the run."""
        from mlflow.entities import RunTag

        self._client.log_batch(self.run_id, tags=[RunTag(key, str(value)) for key, value in tags.items()])

    def log_metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Logs numbers."""
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self.run_id, metrics=[Metric(key, value, now, step) for key, value in values.items()])

    def log_text(self, text: str, file: str) -> None:
        """Keeps a text as an artifact."""
        self._client.log_text(self.run_id, text, file)

    def log_file(self, path: Path) -> None:
        """Keeps a file as an artifact."""
        self._client.log_artifact(self.run_id, str(path))

    def register(self, name: str, directory: Path, rows: Mapping[str, Any], latent_dim: int) -> int:
        """Registers an exported encoder as a new version.

        Args:
            name: name of the registered model.
            directory: the SavedModel.
            rows: an input example, the arrays [n, ...] of the encoder's intake by name.
            latent_dim: width of the code.

        Returns:
            The version's number.
        """
        import mlflow
        from mlflow.exceptions import MlflowException
        from mlflow.models import Model

        # mlflow.pyfunc.log_model logs to the run and experiment that are active, which may be the caller's own
        parameters = self._client.get_run(self.run_id).data.params
        model = self._client.create_logged_model(self.experiment, "encoder", self.run_id, params=parameters)
        with _global_uri(self._client.tracking_uri):
            logged = Model.log(
                artifact_path=None,
                flavor=mlflow.pyfunc,
                name="encoder",
                run_id=self.run_id,
                model_id=model.model_id,
                python_model=str(Path(__file__).with_name("pyfunc_encoder.py")),
                artifacts={"saved_model": str(directory)},
                signature=_signature(rows, latent_dim),
                input_example=_example(rows),
                pip_requirements=_requirements(),
            )
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        with _global_uri(self._client.tracking_uri):
            version = self._client.create_model_version(name, logged.model_uri, self.run_id, model_id=logged.model_id)
        return int(version.version)

    def promote(self, name: str, version: int) -> None:
        """Moves the alias `champion` to a new version, and remembers the one before."""
        _crown(self._client, name, version)

    def withdraw(self, name: str, version: int) -> None:
        """Deletes a version again."""
        self._client.delete_model_version(name, str(version))


@contextlib.contextmanager
def _global_uri(uri: str) -> Iterator[None]:
    """Sets MLflow's global URI, for one thread at a time, and puts back what was there.

    Whatever resolves a `models:/` URI looks there, even in a client that was given another.
    """
    import mlflow

    with _global_uri_lock:
        before = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
        mlflow.set_tracking_uri(uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)


def _crown(client: Any, name: str, version: int) -> None:
    from mlflow.exceptions import MlflowException

    former = _former(client, name)
    try:
        present = [int(client.get_model_version_by_alias(name, CHAMPION).version)]
    except MlflowException as error:
        if not _is_absent(error):
            raise
        present = []
    everyone = [each for each in former if each not in present] + present
    kept = everyone[: everyone.index(version)] if version in everyone else everyone
    # the history first, since the alias is what counts: it has not moved unless everything else has
    client.set_registered_model_tag(name, _FORMER, ",".join(map(str, kept)))
    try:
        client.set_registered_model_alias(name, CHAMPION, str(version))
    except BaseException:
        client.set_registered_model_tag(name, _FORMER, ",".join(map(str, former)))
        raise


def _is_absent(error: Any) -> bool:
    """Whether an MlflowException says that there is no such thing, and not that the store could not be asked."""
    return error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "NOT_FOUND"}


def _former(client: Any, name: str) -> list[int]:
    text = client.get_registered_model(name).tags.get(_FORMER, "")
    return [int(each) for each in text.split(",") if each.isdigit()]


def _existing(client: Any, run_id: str | None) -> Any:
    from mlflow.exceptions import MlflowException

    if run_id is None:
        return None
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if not _is_absent(error):
            raise
        return None


def _signature(rows: Mapping[str, Any], latent_dim: int) -> Any:
    import numpy as np
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema, TensorSpec
    from mlflow.types.schema import Array

    codes = Schema([TensorSpec(np.dtype("float32"), (-1, latent_dim))])
    first = next(iter(rows.values()))
    if len(rows) == 1 and first.ndim == 2 and first.dtype == np.float32:
        # unnamed double columns take arrays, lists and DataFrames of either float type, whatever the columns are called
        return ModelSignature(Schema([ColSpec("double")] * first.shape[1]), codes)
    if len(rows) == 1 and first.dtype == np.float32:
        return ModelSignature(Schema([TensorSpec(first.dtype, (-1, *first.shape[1:]))]), codes)
    columns = []
    for name, array in rows.items():
        kind = {"i": "integer", "f": "float"}.get(array.dtype.kind, "string")
        columns.append(ColSpec(kind if array.ndim == 1 else Array(kind), name))
    return ModelSignature(Schema(columns), codes)


def _example(rows: Mapping[str, Any]) -> Any:
    """An array, or a DataFrame with a column for each named input."""
    import pandas as pd

    if len(rows) == 1 and next(iter(rows.values())).dtype.kind == "f":
        return next(iter(rows.values()))
    return pd.DataFrame({name: list(array) for name, array in rows.items()})


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in ("mlflow", "numpy", "tensorflow")]


def _what_exists(client: Any, uri: str) -> str:
    name = uri.removeprefix("models:/").partition("@")[0].partition("/")[0]
    models = {model.name: model for model in client.search_registered_models()}
    if name not in models:
        return f"no registered encoder {name!r}; {suggestion(name, models, what='registered')}"
    versions = sorted(int(each.version) for each in client.search_model_versions(f"name='{name}'"))
    aliases = sorted(models[name].aliases)
    return f"no such version or alias of {name!r}; versions: {versions}, aliases: {aliases}"
