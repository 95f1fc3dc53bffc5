"""Which versions of which models are loaded: polls the store, loads new versions, and frees old ones afterwards."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from serving.errors import ServingError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from serving.metrics import Metrics
    from serving.servable import Servable

_log = logging.getLogger("serving")
_VERSION = re.compile(r"[0-9]+")
MODEL_NAME = re.compile(r"[^./][^/:]*")  # a request's path cannot name anything else
_LARGEST_VERSION = 2**63 - 1


@dataclass(frozen=True)
class ModelConfig:
    """What is served of one model.

    Attributes:
        name: the name in requests.
        base_path: folder of its versions.
        latest: how many of the newest versions; 0 for all of them.
        specific: these versions instead.
        labels: label -> version; one that is not loaded yet gets its label once it is.
    """

    name: str
    base_path: Path
    latest: int = 1
    specific: tuple[int, ...] = ()
    labels: Mapping[str, int] = field(default_factory=dict)

    def wanted(self, versions: Sequence[int]) -> list[int]:
        """Those of the versions on disk that are to be served, newest first."""
        newest_first = sorted(versions, reverse=True)
        if self.specific:
            return [version for version in newest_first if version in self.specific]
        return newest_first[: self.latest] if self.latest else newest_first


@dataclass(frozen=True)
class VersionStatus:
    """Where a version stands.

    Attributes:
        version: its number.
        state: START, LOADING, AVAILABLE, UNLOADING or END.
        code: OK, or the canonical code of what went wrong.
        message: what went wrong.
    """

    version: int
    state: str
    code: str = "OK"
    message: str = ""


@dataclass
class _Failure:
    attempts: int
    next_attempt: float
    changed: float


@dataclass
class _Model:
    config: ModelConfig
    labels: Mapping[str, int] = field(default_factory=dict)  # as they stand, not as they are wanted
    servables: dict[int, Servable] = field(default_factory=dict)
    statuses: dict[int, VersionStatus] = field(default_factory=dict)
    failures: dict[int, _Failure] = field(default_factory=dict)


class Manager:
    """Keeps loaded what its configuration asks for.

    Args:
        load: makes a Servable of a name, a version and its folder.
        warm_up: runs a new version's warm-up requests; what it raises fails the version.
        metrics: told of versions loaded and failed.
        store: folder of which every subfolder is a model, beside those configured.
        retries: how often a version that failed is tried again.
        retry_interval: seconds between these attempts.
    """

    def __init__(
        self,
        load: Callable[[str, int, Path], Servable],
        warm_up: Callable[[Servable], None],
        metrics: Metrics,
        store: Path | None = None,
        retries: int = 5,
        retry_interval: float = 60.0,
    ) -> None:
        self._load, self._warm_up, self._metrics, self._store = load, warm_up, metrics, store
        self._retries, self._retry_interval = retries, retry_interval
        self._models: dict[str, _Model] = {}
        self._configured: dict[str, ModelConfig] = {}
        self._lock = threading.RLock()  # guards the tables above, held for moments
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
                if not labels_ahead and (served is None or version not in served.servables):
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
            wanted = self._wanted_models()
            with self._lock:
                for name, config in wanted.items():
                    model = self._models.setdefault(name, _Model(config))
                    model.config = config
                gone = [model for name, model in self._models.items() if name not in wanted]
            for model in gone:
                self._free(model, list(model.servables))
            for name in wanted:
                self._scan_model(self._models[name])

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
            self._thread.join()
        for model in self._models.values():
            for version in list(model.servables):
                model.servables.pop(version).unload(timeout=5)

    @contextlib.contextmanager
    def servable(self, name: str, version: int | None = None, label: str = "") -> Iterator[Servable]:
        """The version that answers a request, kept loaded until the block ends.

        Raises:
            ServingError: NOT_FOUND, or INVALID_ARGUMENT for a label that is not known.
        """
        with self._lock:
            model = self._models.get(name)
            loaded = model.servables if model is not None else {}
            if label:
                version = model.labels.get(label) if model is not None else None
                if model is not None and version not in loaded:
                    raise invalid(f"Unrecognized servable version label: {label}")
            chosen = loaded.get(max(loaded, default=-1) if version is None else version)
            if chosen is None:
                request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
                raise ServingError("NOT_FOUND", f"Servable not found for request: {request}")
            using = chosen.in_use()
            using.__enter__()
        try:
            yield chosen
        finally:
            using.__exit__(None, None, None)

    def statuses(self, name: str, version: int | None = None) -> list[VersionStatus]:
        """Where a model's versions stand, newest first.

        Raises:
            ServingError: NOT_FOUND.
        """
        with self._lock:
            model = self._models.get(name)
            statuses = dict(model.statuses) if model is not None else {}
        if version is not None:
            if version not in statuses:
                raise ServingError("NOT_FOUND", f"Could not find version {version} of model {name}")
            return [statuses[version]]
        if not statuses:
            raise ServingError("NOT_FOUND", f"Could not find any versions of model {name}")
        return [statuses[each] for each in sorted(statuses, reverse=True)]

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
                folders = sorted(self._store.iterdir())
            except OSError as error:
                # a store that is being mounted anew must not take its models away
                _log.warning("%s: %s", self._store, error)
                with self._lock:
                    return {name: model.config for name, model in self._models.items()} | wanted
            for folder in folders:
                if MODEL_NAME.fullmatch(folder.name) and folder.is_dir():
                    wanted.setdefault(folder.name, ModelConfig(folder.name, folder))
        return wanted

    def _scan_model(self, model: _Model) -> None:
        try:
            on_disk = _versions(model.config.base_path)
        except OSError as error:
            # what is loaded stays; TensorFlow Serving would stop looking at all other models too
            _log.warning("%s: %s", model.config.name, error)
            return
        usable = set(on_disk)
        none_wanted = not model.config.wanted(list(on_disk))
        while True:
            wanted = model.config.wanted(list(usable))
            for version in wanted:
                if version not in model.servables and self._may_try(model, version, on_disk[version]):
                    self._load_version(model, version, on_disk[version])
            failed = {version for version in wanted if version not in model.servables}
            if not failed:
                break
            usable -= failed  # the next older one answers instead, also on a server that has just started
        self._move_labels(model)
        kept = {*wanted, *model.labels.values()}
        surplus = [version for version in model.servables if version not in kept]
        # an old version goes only when a new one can answer, or none is wanted
        if surplus and (none_wanted or any(version in model.servables for version in wanted)):
            self._free(model, surplus)

    def _move_labels(self, model: _Model) -> None:
        """A label whose version is not loaded stays where it was, and what it was given to stays loaded."""
        with self._lock:
            model.labels = {
                label: version if version in model.servables else model.labels.get(label, version)
                for label, version in model.config.labels.items()
            }

    def _may_try(self, model: _Model, version: int, folder: Path) -> bool:
        failure = model.failures.get(version)
        if failure is None or _changed(folder) != failure.changed:
            return True
        return failure.attempts <= self._retries and time.monotonic() >= failure.next_attempt

    def _load_version(self, model: _Model, version: int, folder: Path) -> None:
        name = model.config.name
        self._set(model, VersionStatus(version, "LOADING"))
        changed = _changed(folder)
        started = time.monotonic()
        try:
            servable = self._load(name, version, folder)
            try:
                self._warm_up(servable)
            except BaseException:
                servable.unload(timeout=0)
                raise
        except Exception as raised:
            # of whatever kind: the other models must be looked at too, and this version's status must say so
            error = raised if isinstance(raised, ServingError) else ServingError("INTERNAL", repr(raised))
            past = model.failures.get(version)
            attempts = 1 + (past.attempts if past is not None and past.changed == changed else 0)
            model.failures[version] = _Failure(attempts, time.monotonic() + self._retry_interval, changed)
            self._set(model, VersionStatus(version, "END", error.code, error.message))
            self._metrics.count("load_attempt_count", model_name=name, status=error.code)
            _log.error("%s version %d: %s", name, version, error.message)
            return
        model.failures.pop(version, None)
        with self._lock:
            model.servables = model.servables | {version: servable}
            self._set(model, VersionStatus(version, "AVAILABLE"))
        self._metrics.count("load_attempt_count", model_name=name, status="OK")
        self._metrics.observe("load_latency", 1e6 * (time.monotonic() - started), model_name=name)
        _log.info("%s version %d is available", name, version)

    def _free(self, model: _Model, versions: Sequence[int]) -> None:
        for version in versions:
            with self._lock:
                servable = model.servables[version]
                model.servables = {each: it for each, it in model.servables.items() if each != version}
                self._set(model, VersionStatus(version, "UNLOADING"))

            def end(servable: Servable = servable, version: int = version) -> None:
                servable.unload()
                with self._lock:
                    if version not in model.servables:
                        self._set(model, VersionStatus(version, "END"))
                _log.info("%s version %d is unloaded", model.config.name, version)

            # requests may be under way on it; other models need not wait for them
            threading.Thread(target=end, name="unload", daemon=True).start()

    def _set(self, model: _Model, status: VersionStatus) -> None:
        with self._lock:
            model.statuses = model.statuses | {status.version: status}
            self._metrics.gauge(
                "version_available",
                float(status.state == "AVAILABLE"),
                model_name=model.config.name,
                version=str(status.version),
            )


def _versions(base_path: Path) -> dict[int, Path]:
    """The versions that lie whole under a base path. One without its graph is still being copied."""
    found: dict[int, Path] = {}
    for folder in sorted(base_path.iterdir()):
        is_version = _VERSION.fullmatch(folder.name) and int(folder.name) <= _LARGEST_VERSION
        if is_version and (folder / "saved_model.pb").is_file():
            found[int(folder.name)] = folder
    return found


def _changed(folder: Path) -> float:
    try:
        return max(path.stat().st_mtime for path in (folder, folder / "saved_model.pb"))
    except OSError:
        return 0.0


def with_base_path(config: ModelConfig, base_path: Path) -> ModelConfig:
    """The same with another folder."""
    return replace(config, base_path=base_path)
