"""Loads, warms up and frees the versions of a model, and keeps those loaded that requests use."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from serving.errors import ServingError, invalid
from serving.versions import ModelConfig, VersionStatus, changed, versions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from serving.metrics import Metrics
    from serving.servable import Held, Servable

_log = logging.getLogger("serving")


@dataclass(frozen=True)
class Loader:
    """How versions are loaded.

    Attributes:
        load: makes a Servable of a name, a version and its folder.
        warm_up: runs a new version's warm-up requests; what it raises fails the version.
        metrics: told of versions loaded and failed.
        retries: how often a version that failed is tried again.
        retry_interval: seconds between these attempts.
    """

    load: Callable[[str, int, Path], Servable]
    warm_up: Callable[[Servable], None]
    metrics: Metrics
    retries: int = 5
    retry_interval: float = 60.0

    def warm(self, name: str, version: int, folder: Path) -> Servable:
        """A version, loaded and warmed up.

        Raises:
            ServingError: whatever it was that failed.
        """
        try:
            servable = self.load(name, version, folder)
            try:
                self.warm_up(servable)
            except BaseException:
                servable.unload(timeout=0)
                raise
        except ServingError:
            raise
        except Exception as raised:
            # of whatever kind: the other models must be looked at too, and this version's status must say so
            raise ServingError("INTERNAL", repr(raised)) from raised
        return servable


@dataclass
class _Failure:
    attempts: int
    next_attempt: float
    changed: float


class Model:
    """One model's versions.

    Args:
        config: what is served of it; may be replaced between scans.
        loader: loads its versions.
    """

    def __init__(self, config: ModelConfig, loader: Loader) -> None:
        self.config, self._loader = config, loader
        self._lock = threading.RLock()  # guards the next three, held for moments
        self._labels: Mapping[str, int] = {}  # as they stand, not as they are wanted
        self._servables: dict[int, Servable] = {}
        self._statuses: dict[int, VersionStatus] = {}
        self._failures: dict[int, _Failure] = {}

    def is_loaded(self, version: int) -> bool:
        """Whether a version can answer requests."""
        return version in self._servables

    def loaded(self) -> set[int]:
        """The versions that can answer requests."""
        return set(self._servables)

    def failed(self) -> set[int]:
        """The versions that could not be loaded when that was last tried."""
        return set(self._failures)

    def servable(self, version: int | None, label: str) -> Held:
        """The version that answers a request, kept loaded until the block ends that it is used in.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not known.
        """
        with self._lock:
            if label:
                version = self._labels.get(label)
                if version not in self._servables:
                    raise invalid(f"Unrecognized servable version label: {label}")
            chosen = self._servables.get(max(self._servables, default=-1) if version is None else version)
            if chosen is None:
                raise not_found(self.config.name, version)
            return chosen.held()

    def statuses(self) -> list[VersionStatus]:
        """Where its versions stand, newest first."""
        with self._lock:
            return [self._statuses[version] for version in sorted(self._statuses, reverse=True)]

    def scan(self) -> None:
        """Compares the disk with what is loaded, and loads and frees what differs."""
        try:
            on_disk = versions_in(self.config.base_path)
        except OSError as error:
            # what is loaded stays; TensorFlow Serving would stop looking at all other models too
            _log.warning("%s: %s", self.config.name, error)
            return
        none_wanted = not self.config.wanted(list(on_disk))
        wanted = self._load_wanted(on_disk)
        self._move_labels()
        kept = {*wanted, *self._labels.values()}
        surplus = [version for version in self._servables if version not in kept]
        # an old version goes only when a new one can answer, or none is wanted
        if surplus and (none_wanted or any(version in self._servables for version in wanted)):
            self._free(surplus)

    def free(self) -> None:
        """Frees every version, each once its last request has ended; waits for none."""
        self._free(list(self._servables))

    def stop(self) -> None:
        """Frees every version, waiting a moment for requests under way."""
        for version in list(self._servables):
            self._servables.pop(version).unload(timeout=5)

    def _load_wanted(self, on_disk: Mapping[int, Path]) -> list[int]:
        """Loads what is wanted; for a version that cannot be loaded, the next older one answers."""
        usable = set(on_disk)
        while True:
            wanted = self.config.wanted(list(usable))
            for version in wanted:
                if version not in self._servables and self._may_try(version, on_disk[version]):
                    self._load(version, on_disk[version])
            failed = {version for version in wanted if version not in self._servables}
            if not failed:
                return wanted
            usable -= failed

    def _move_labels(self) -> None:
        """A label whose version is not loaded stays where it was, and what it was given to stays loaded."""
        with self._lock:
            self._labels = {
                label: version if version in self._servables else self._labels.get(label, version)
                for label, version in self.config.labels.items()
            }

    def _may_try(self, version: int, folder: Path) -> bool:
        failure = self._failures.get(version)
        if failure is None or changed(folder) != failure.changed:
            return True
        return failure.attempts <= self._loader.retries and time.monotonic() >= failure.next_attempt

    def _load(self, version: int, folder: Path) -> None:
        name, metrics = self.config.name, self._loader.metrics
        self._set(VersionStatus(version, "LOADING"))
        started, written = time.monotonic(), changed(folder)
        try:
            servable = self._loader.warm(name, version, folder)
        except ServingError as error:
            past = self._failures.get(version)
            attempts = 1 + (past.attempts if past is not None and past.changed == written else 0)
            self._failures[version] = _Failure(attempts, time.monotonic() + self._loader.retry_interval, written)
            self._set(VersionStatus(version, "END", error.code, error.message))
            metrics.count("load_attempt_count", model_name=name, status=error.code)
            _log.error("%s version %d: %s", name, version, error.message)
            return
        self._failures.pop(version, None)
        with self._lock:
            self._servables = self._servables | {version: servable}
            self._set(VersionStatus(version, "AVAILABLE"))
        metrics.count("load_attempt_count", model_name=name, status="OK")
        metrics.observe("load_latency", 1e6 * (time.monotonic() - started), model_name=name)
        _log.info("%s version %d is available", name, version)

    def _free(self, versions: Iterable[int]) -> None:
        for version in versions:
            with self._lock:
                servable = self._servables[version]
                self._servables = {each: it for each, it in self._servables.items() if each != version}
                self._set(VersionStatus(version, "UNLOADING"))
            # requests may be under way on it; other models need not wait for them
            threading.Thread(target=self._unload, args=(version, servable), name="unload", daemon=True).start()

    def _unload(self, version: int, servable: Servable) -> None:
        servable.unload()
        with self._lock:
            if version not in self._servables:
                self._set(VersionStatus(version, "END"))
        _log.info("%s version %d is unloaded", self.config.name, version)

    def _set(self, status: VersionStatus) -> None:
        with self._lock:
            self._statuses = self._statuses | {status.version: status}
            self._loader.metrics.gauge(
                "version_available",
                float(status.state == "AVAILABLE"),
                model_name=self.config.name,
                version=str(status.version),
            )


def not_found(name: str, version: int | None) -> ServingError:
    """The error for a model, or a version of it, that is not served."""
    request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return ServingError("NOT_FOUND", f"Servable not found for request: {request}")
