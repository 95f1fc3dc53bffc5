"""The models that are served: follows the configuration and the store, and finds the version for a request."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from serving.errors import ServingError, invalid
from serving.loading import Loader, Model, not_found
from serving.versions import ModelConfig, VersionStatus, models_in

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from serving.remote_store import RemoteStore
    from serving.servable import Held

_log = logging.getLogger("serving")


class Manager:
    """Keeps loaded what its configuration asks for.

    Args:
        loader: loads versions.
        store: folder of which every subfolder is a model, beside those configured.
        remote: what the folder is a copy of.
    """

    def __init__(self, loader: Loader, store: Path | None = None, remote: RemoteStore | None = None) -> None:
        self._loader, self._store, self._remote = loader, store, remote
        self._models: dict[str, Model] = {}
        self._configured: dict[str, ModelConfig] = {}
        self._lock = threading.Lock()  # guards the tables above, held for moments
        self._scanning = threading.Lock()  # one scan at a time, held while versions load
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def configure(self, configs: Iterable[ModelConfig], *, labels_ahead: bool = True) -> None:
        """Takes a new list of models, the whole truth: what is left out is unloaded at the next scan.

        Args:
            configs: the models.
            labels_ahead: whether labels may name versions that are not loaded yet.

        Raises:
            ServingError: a name twice, or a label of a version that is not available.
        """
        fresh: dict[str, ModelConfig] = {}
        for config in configs:
            if config.name in fresh:
                raise invalid(f"Illegal to list model {config.name} multiple times in config list")
            fresh[config.name] = config
            served = self._models.get(config.name)
            for version in config.labels.values():
                if not labels_ahead and (served is None or not served.is_loaded(version)):
                    raise ServingError(
                        "FAILED_PRECONDITION",
                        f"Request to assign label to version {version} of model {config.name}, "
                        "which is not currently available for inference",
                    )
        with self._lock:
            self._configured = fresh

    def scan(self) -> None:
        """Compares the disk with what is loaded, and loads and frees what differs."""
        with self._scanning:
            failed = self._follow_remote()
            self._compare()
            if failed != self._failed():
                self._follow_remote()  # the next older versions have not been copied yet
                self._compare()

    def _compare(self) -> None:
        wanted = self._wanted_models()
        with self._lock:
            for name, config in wanted.items():
                self._models.setdefault(name, Model(config, self._loader)).config = config
            gone = [model for name, model in self._models.items() if name not in wanted]
        for model in gone:
            model.free()
        for name in wanted:
            self._models[name].scan()

    def _follow_remote(self) -> dict[str, set[int]]:
        """Copies what is new in a store elsewhere; the versions that had failed then."""
        failed = self._failed()
        if self._remote is not None:
            with self._lock:
                configured = dict(self._configured)
            loaded = {name: model.loaded() for name, model in self._models.items()}
            readable = self._remote.update(configured, failed, loaded)
            self._loader.metrics.gauge("store_readable", float(readable))
        return failed

    def _failed(self) -> dict[str, set[int]]:
        """Versions that could not be loaded; only a store elsewhere asks."""
        return {} if self._remote is None else {name: model.failed() for name, model in self._models.items()}

    def start(self, seconds: float) -> None:
        """Scans every so many seconds, in a thread of its own; 0 for never again."""
        if seconds <= 0:
            return

        def poll() -> None:
            while not self._stopping.wait(seconds):
                try:
                    self.scan()
                except Exception:
                    _log.exception("a scan of the models failed; the next one follows")

        self._thread = threading.Thread(target=poll, name="poll", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends polling and frees every version, waiting a moment for requests under way."""
        self._stopping.set()
        if self._thread is not None:
            # a store that is away may not answer for long, and what it is asked for is of no use any more
            self._thread.join(None if self._remote is None else 1.0)
        for model in self._models.values():
            model.stop()

    def servable(self, name: str, version: int | None = None, label: str = "") -> Held:
        """The version that answers a request, kept loaded until the block ends that it is used in.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not known.
        """
        with self._lock:
            model = self._models.get(name)
        if model is None:
            raise not_found(name, None if label else version)
        return model.servable(version, label)

    def statuses(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """Where a model's versions stand, newest first.

        Raises:
            ServingError: NOT_FOUND.
        """
        with self._lock:
            model = self._models.get(name)
        statuses = model.statuses() if model is not None else []
        if version is not None:
            found = [status for status in statuses if status.version == version]
            if not found:
                raise ServingError("NOT_FOUND", f"Could not find version {version} of model {name}")
            return found
        if not statuses:
            raise ServingError("NOT_FOUND", f"Could not find any versions of model {name}")
        return statuses

    def is_ready(self) -> bool:
        """Whether some model has a version that can answer."""
        with self._lock:
            models = list(self._models.values())
        return any(each.state == "AVAILABLE" for model in models for each in model.statuses())

    def names(self) -> list[str]:
        """The models that are, or were, served."""
        return sorted(self._models)

    def knows(self, name: str) -> bool:
        """Whether a model of this name is, or was, served."""
        return name in self._models

    def _wanted_models(self) -> dict[str, ModelConfig]:
        with self._lock:
            wanted = dict(self._configured)
        if self._store is not None:
            try:
                found = models_in(self._store)
            except OSError as error:
                # a store that is being mounted anew must not take its models away
                _log.warning("%s: %s", self._store, error)
                with self._lock:
                    return {name: model.config for name, model in self._models.items()} | wanted
            for config in found:
                wanted.setdefault(config.name, config)
        return wanted
