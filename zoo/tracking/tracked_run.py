"""One run in MLflow, and what it registers."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError, as_utf8, one_line
from zoo.tracking._model_signature import input_example, kind_of_model, model_signature
from zoo.tracking._registry import ENCODERS, KEPT, LATENT_DIM, TEST_SET, encoders_judged, global_uri, set_champion

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zoo.rows.row_kind import RowKind
    from zoo.tracking._outbox import Outbox

_LONGEST_PARAMETER = 6000  # MLflow's own limit


class TrackedRun:
    """One run in the store. As a `zoo.types.Listener` it logs every epoch's means.

    Args:
        client: an MLflow client.
        run_id: the run.
        experiment: the id of its experiment.
        outbox: takes the means of epochs, so that training does not wait for a server; None logs them at once.
    """

    def __init__(self, client: Any, run_id: str, experiment: str, outbox: Outbox | None = None) -> None:
        self._client, self.run_id, self.experiment, self._outbox = client, run_id, experiment, outbox

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """See `zoo.types.Listener`."""

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """See `zoo.types.Listener`."""

    def train_ends(self) -> None:
        """See `zoo.types.Listener`."""

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Logs an epoch's means; MLflow's step counts epochs from 1."""
        if self._outbox is None:
            self.log_metrics(logs, step=epoch + 1)
        else:
            self._outbox.put(logs, step=epoch + 1)

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Logs what the run was told."""
        from mlflow.entities import Param

        entries = [Param(key, as_utf8(str(value))[:_LONGEST_PARAMETER]) for key, value in parameters.items()]
        for start in range(0, len(entries), 100):
            self._client.log_batch(self.run_id, params=entries[start : start + 100])

    def log_tags(self, tags: Mapping[str, Any]) -> None:
        """Logs facts about the run."""
        from mlflow.entities import RunTag

        self._client.log_batch(self.run_id, tags=[RunTag(key, as_utf8(str(value))) for key, value in tags.items()])

    def log_metrics(self, values: Mapping[str, float], step: int = 0) -> None:
        """Logs numbers."""
        import time

        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        self._client.log_batch(self.run_id, metrics=[Metric(key, value, now, step) for key, value in values.items()])

    def log_text(self, text: str, file: str) -> None:
        """Keeps a text as an artifact."""
        self._client.log_text(self.run_id, as_utf8(text), file)

    def log_file(self, path: Path) -> None:
        """Keeps a file as an artifact."""
        self._client.log_artifact(self.run_id, str(path))

    def location(self, file: str) -> str:
        """Where an artifact lies: an absolute path on this machine, or a URI."""
        from urllib.parse import unquote, urlsplit

        uri = self._client.get_run(self.run_id).info.artifact_uri
        parts = urlsplit(uri)
        if parts.scheme not in {"", "file"}:
            return f"{uri}/{file}"
        return str((Path(unquote(parts.path)) / file).absolute())

    def count_look(self, test_set: str, encoders: int = 1) -> int:
        """Notes that test rows judge this run's encoders, and counts all that they have judged in this store.

        A run that was interrupted and taken up again counts once.

        Args:
            test_set: a digest of the rows.
            encoders: how many the run has judged on them, these included.

        Returns:
            How many they have judged by now, these included.
        """
        self.log_tags({TEST_SET: test_set, ENCODERS: encoders})
        return encoders_judged(self._client, test_set)

    def keep(
        self, directory: Path, rows: Mapping[str, Any], latent_dim: int, codes_type: str = "float32"
    ) -> TrackedRun:
        """Keeps an exported encoder with the run, as a model that MLflow can load; `register` makes a version of it.

        Args:
            directory: the SavedModel.
            rows: an input example, the arrays [n, ...] that the encoder takes by name.
            latent_dim: width of the code.
            codes_type: of its numbers.

        Returns:
            The run itself.
        """
        from mlflow.entities import LoggedModelOutput
        from mlflow.exceptions import MlflowException

        try:
            # mlflow.pyfunc.log_model logs to the run and experiment that are active, which may be the caller's own, and
            # asks for the whole history of each metric
            told = self._client.get_run(self.run_id).data.params
            model = self._client.create_logged_model(self.experiment, "encoder", self.run_id, params=told)
            self._client.log_outputs(self.run_id, [LoggedModelOutput(model.model_id, step=0)])
            with self._finalized(model.model_id), tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "model"
                _write_model(folder, model, self.run_id, directory, rows=rows, width=latent_dim, codes=codes_type)
                self._client.log_model_artifacts(model.model_id, str(folder))
        except (MlflowException, OSError) as error:
            raise ZooError(f"the encoder cannot be kept with its run: {one_line(error)}") from error
        self._give_scores(model.model_id)
        self.log_tags({KEPT: model.model_id, LATENT_DIM: latent_dim})
        return self

    @contextlib.contextmanager
    def _finalized(self, model_id: str) -> Iterator[None]:
        """Marks a model as ready, or as failed."""
        from mlflow.exceptions import MlflowException

        try:
            with global_uri(self._client.tracking_uri):
                yield
        except (MlflowException, OSError):
            self._client.finalize_logged_model(model_id, "FAILED")
            raise
        self._client.finalize_logged_model(model_id, "READY")

    def _give_scores(self, model_id: str) -> None:
        """Notes the run's scores with its model too, where MLflow shows models beside each other."""
        from mlflow.entities import Metric

        # a score is logged once, so that the run has its newest value at hand
        scores = [
            Metric(each.key, each.value, each.timestamp, each.step, model_id=model_id, run_id=self.run_id)
            for each in self._client.get_run(self.run_id).data.to_proto().metrics
            if each.step == 0
        ]
        self._client.log_batch(self.run_id, metrics=scores)

    def register(self, name: str) -> int:
        """Registers the encoder that the run has kept as a new version; returns its number."""
        from mlflow.exceptions import MlflowException

        tags = self._client.get_run(self.run_id).data.tags
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        uri, width = f"models:/{tags[KEPT]}", {LATENT_DIM: tags[LATENT_DIM]}
        with global_uri(self._client.tracking_uri):
            version = self._client.create_model_version(name, uri, self.run_id, tags=width, model_id=tags[KEPT])
        return int(version.version)

    def set_champion(self, name: str, version: int) -> None:
        """Moves the alias `champion` to a new version, and remembers the one before."""
        set_champion(self._client, name, version)

    def delete_version(self, name: str, version: int) -> None:
        """Deletes a version again."""
        self._client.delete_model_version(name, str(version))


def rehearse_registering(kind: RowKind, rows: Mapping[str, Any], latent_dim: int) -> None:
    """Makes what `TrackedRun.keep` tells MLflow of the rows, which must be possible."""
    model_signature(kind, rows, latent_dim)
    input_example(kind, rows)


def _write_model(
    folder: Path, model: Any, run_id: str, directory: Path, *, rows: Mapping[str, Any], width: int, codes: str
) -> None:
    """Writes a model as MLflow loads it."""
    import mlflow
    from mlflow.models import Model

    kind, told = kind_of_model(directory, rows), model.model_id
    mlflow.pyfunc.save_model(
        path=str(folder),
        mlflow_model=Model(artifact_path=model.artifact_location, model_uuid=told, run_id=run_id, model_id=told),
        python_model=str(Path(__file__).with_name("pyfunc_encoder.py")),
        artifacts={"saved_model": str(directory)},
        signature=model_signature(kind, rows, width, codes),
        input_example=input_example(kind, rows),
        pip_requirements=_requirements(),
    )
    for compiled in folder.rglob("__pycache__"):
        shutil.rmtree(compiled, ignore_errors=True)


def _requirements() -> list[str]:
    from importlib.metadata import version

    return [f"{package}=={version(package)}" for package in ("mlflow", "numpy", "tensorflow")]
