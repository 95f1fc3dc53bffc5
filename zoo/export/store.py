"""A folder that TF Serving and the embedded server read: NAME/VERSION/, and which version is called what."""

from __future__ import annotations

import contextlib
import fcntl
import filecmp
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, ZooError, one_line
from zoo.export._models_config import ModelsConfig

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

STABLE, CANARY = "stable", "canary"
CONFIG_FILE = "models.config"
_STAGED, _LOCK = ".candidate-", ".lock"
_MOUNT = "/models"  # where containers see a store on this machine
_LAST = "saved_model.pb"  # without it no server can load a version


class Store:
    """A store of exported encoders on this machine, or behind any fsspec URL.

    On this machine a version appears by one rename, whole. Object stores cannot rename: there `saved_model.pb` comes
    last, and what was copied is deleted if the copy fails.

    Args:
        root: a folder, or a URL such as `s3://bucket/models` or `gs://bucket/models`.

    Attributes:
        root: as above.

    Raises:
        InputError: a URL whose protocol fsspec does not know, or whose package is not installed.
    """

    def __init__(self, root: str | Path) -> None:
        import fsspec

        self.root = str(root)
        try:
            self._files, path = fsspec.core.url_to_fs(self.root)
        except (ValueError, ImportError) as error:
            raise InputError(f"{self.root}: {one_line(error)}") from None
        self._is_local = "file" in (
            self._files.protocol if isinstance(self._files.protocol, tuple) else (self._files.protocol,)
        )
        # as it was written: a person would rather read serving/store than all that lies above it
        is_path = self._is_local and not re.match(r"(file|local):", self.root)
        self._home = str(Path(self.root).expanduser()) if is_path else path.rstrip("/")

    def versions(self, name: str) -> list[int]:
        """Numbers of an encoder's versions, ascending; in an object store, of those that were copied to their end.

        Raises:
            ZooError: the store cannot be read.
        """
        with self._reached(f"{self.root} cannot be read"):
            folder = self._path(name)
            self._files.invalidate_cache()
            if not self._files.isdir(folder):
                return []
            found = (path.rstrip("/").rpartition("/")[2] for path in self._files.ls(folder, detail=False))
            numbers = sorted(int(each) for each in found if each.isdigit())
            return [each for each in numbers if self._is_local or self._is_whole(name, each)]

    @contextlib.contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """A folder beside an encoder's versions, on this machine, where no server looks; removed afterwards."""
        home = Path(self._path(name))
        folder = home / f"{_STAGED}{uuid.uuid4().hex}"
        with contextlib.ExitStack() as held:
            with self._reached(f"{home} cannot be written to"):
                home.mkdir(parents=True, exist_ok=True)
                _remove_abandoned(home)
                held.enter_context(_held(folder.with_name(f"{folder.name}{_LOCK}")))
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def publish(self, directory: Path, name: str, version: int) -> Path:
        """Renames a staged directory to NAME/VERSION, in one step.

        Raises:
            ZooError: the version is there already, or the rename failed.
        """
        target = Path(self._path(name, str(version)))
        with self._reached(f"{target} could not be put in place"):
            if target.exists():
                raise ZooError(f"{target} exists already; move it away, or set export.store=FOLDER")
            self._rename(directory, name, version)
        return target

    def add(self, directory: Path, name: str, version: int) -> bool:
        """Copies a SavedModel's directory to NAME/VERSION.

        Returns:
            Whether it was copied; False if the version is there already, with the same files (in a store elsewhere:
            with files of the same sizes).

        Raises:
            ZooError: another version of this number is there, or it could not be copied; nothing is left of it then.
        """
        with self._reached(f"{name} {version} could not be copied to {self.root}"):
            if version in self.versions(name):
                if not self._is_same(directory, name, version):
                    raise ZooError(f"{self._path(name, str(version))} is there already, and is something else")
                return False
            if self._is_local:
                return self._copied_and_renamed(directory, name, version)
            self._upload(directory, name, version)
        return True

    def labels(self, name: str) -> dict[str, int]:
        """Which version each label names, such as {"stable": 7}; raises ZooError if the file cannot be read."""
        return self._config().labels(name)

    def require_labels(self) -> None:
        """Reads the labels, and tries to lock them; raises ZooError if they could not be written."""
        with self._lock():
            self._config()

    def set_labels(self, name: str, labels: Mapping[str, int]) -> None:
        """Writes down which versions the labels name, in the store's `models.config`; other labels are dropped.

        Raises:
            InputError: a label for a version that is not in the store.
            ZooError: the file could not be read or written.
        """
        with self._lock():
            self._write_labels(self._config(), name, labels)

    def add_label(self, name: str, label: str, version: int) -> None:
        """Gives a version a label; a `canary` follows `stable` as in `stable_moved`. Errors as for `set_labels`."""
        with self._lock():
            config = self._config()
            self._write_labels(config, name, _relabelled(config.labels(name), label, version))

    @contextlib.contextmanager
    def stable_moved(self, name: str, version: int) -> Iterator[None]:
        """Calls a version `stable`, for good if the block succeeds.

        A `canary` that is older, or was what `stable` was, follows: who asks for it must still be answered. One such
        block at a time: what it does in a registry then agrees with the label. Errors as for `set_labels`.
        """
        with self._lock(".promotion.lock"):
            with self._lock():
                config = self._config()
                before = config.labels(name)
                self._write_labels(config, name, _relabelled(before, STABLE, version))
            try:
                yield
            except BaseException:
                self.set_labels(name, before)
                raise

    def _write_labels(self, config: ModelsConfig, name: str, labels: Mapping[str, int]) -> None:
        present = self.versions(name)
        for label, version in labels.items():
            if version not in present or not self._is_whole(name, version):
                raise InputError(f"{self.root} has no version {version} of {name} for the label {label!r}: {present}")
        base = f"{_MOUNT}/{name}" if self._is_local else f"{self.root.rstrip('/')}/{name}"
        config.set(name, base, labels, _kept(present, labels))
        self._write(CONFIG_FILE, config.text())

    def _make_room(self, name: str, version: int) -> None:
        """Lets servers load a version that is about to appear beside those that have labels, not instead of one."""
        config = self._config()
        labels = config.labels(name)
        if labels:
            config.set_versions(name, _kept(sorted({*self.versions(name), version}), labels))
            self._write(CONFIG_FILE, config.text())

    def _config(self) -> ModelsConfig:
        path = self._path(CONFIG_FILE)
        with self._reached(f"{path} cannot be read", "mend it, or move it away"):
            return ModelsConfig(self._files.cat_file(path).decode() if self._files.exists(path) else "")

    def _write(self, file: str, text: str) -> None:
        path = self._path(file)
        with self._reached(f"{path} could not be written"):
            if not self._is_local:
                self._files.pipe_file(path, text.encode())
                return
            new = Path(f"{path}.{uuid.uuid4().hex}.new")
            try:
                new.write_text(text, encoding="utf-8")
                new.replace(path)
            finally:
                new.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _lock(self, file: str = ".lock") -> Iterator[None]:
        """One writer of the store's file at a time, on file systems; object stores have no locks."""
        if not self._is_local:
            yield
            return
        path = Path(self._path(file))
        with contextlib.ExitStack() as opened:
            with self._reached(f"{path} cannot be locked"):
                path.parent.mkdir(parents=True, exist_ok=True)
                lock = opened.enter_context(path.open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    @contextlib.contextmanager
    def _reached(self, problem: str, remedy: str = "") -> Iterator[None]:
        """Turns what file systems, and clients of object stores, raise into a ZooError."""
        try:
            yield
        except ZooError:
            raise
        except Exception as error:
            if self._is_local and not isinstance(error, OSError | ValueError):
                raise
            raise ZooError(f"{problem}: {one_line(error)}" + (f"; {remedy}" if remedy else "")) from error

    def _copied_and_renamed(self, directory: Path, name: str, version: int) -> bool:
        Path(self._path(name)).mkdir(parents=True, exist_ok=True)
        with self.staged(name) as staged:
            shutil.copytree(directory, staged)
            for path in (each for each in staged.rglob("*") if each.is_file()):
                with path.open("rb") as file:
                    os.fsync(file.fileno())  # a power cut must not leave a version with empty files
            try:
                self._rename(staged, name, version)
            except OSError:
                if not Path(self._path(name, str(version))).exists():
                    raise
                return self.add(directory, name, version)  # another push was faster
        return True

    def _rename(self, directory: Path, name: str, version: int) -> None:
        with self._lock():
            self._make_room(name, version)
            directory.rename(self._path(name, str(version)))

    def _upload(self, directory: Path, name: str, version: int) -> None:
        files = sorted(
            (path for path in directory.rglob("*") if path.is_file()),
            key=lambda path: path.relative_to(directory).as_posix() == _LAST,
        )
        written = []
        try:
            for path in files:
                file = path.relative_to(directory).as_posix()
                if file == _LAST:
                    self._make_room(name, version)
                target = self._path(name, str(version), file)
                written.append(target)
                self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
                self._files.put_file(str(path), target)
        except BaseException:
            with contextlib.suppress(Exception):
                if not self._is_whole(name, version):  # else another push of it was faster
                    self._files.rm(written)
            raise
        if self._sizes(name, version) != _sizes_of(directory):
            raise ZooError(f"another push of {name} {version} to {self.root} was stopped meanwhile; push it again")

    def _is_whole(self, name: str, version: int) -> bool:
        self._files.invalidate_cache()
        return bool(self._files.exists(self._path(name, str(version), _LAST)))

    def _is_same(self, directory: Path, name: str, version: int) -> bool:
        if self._sizes(name, version) != _sizes_of(directory):
            return False
        there = Path(self._path(name, str(version)))
        files = (path.relative_to(directory) for path in directory.rglob("*") if path.is_file())
        return not self._is_local or all(filecmp.cmp(directory / file, there / file, shallow=False) for file in files)

    def _sizes(self, name: str, version: int) -> dict[str, int]:
        root = self._path(name, str(version))
        if self._is_local:
            return _sizes_of(Path(root))
        found = self._files.find(root, detail=True)
        return {path.removeprefix(root).lstrip("/"): int(facts["size"]) for path, facts in found.items()}

    def _path(self, *parts: str) -> str:
        return "/".join([self._home, *parts])


def _sizes_of(directory: Path) -> dict[str, int]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.stat().st_size for path in files}


def _relabelled(labels: Mapping[str, int], label: str, version: int) -> dict[str, int]:
    """The labels once one of them has moved; see `Store.stable_moved`."""
    moved = {**labels, label: version}
    if label == STABLE and CANARY in labels and labels[CANARY] <= max(version, labels.get(STABLE, 0)):
        moved[CANARY] = version
    return moved


def _kept(present: list[int], labels: Mapping[str, Any]) -> int:
    """How many of the newest versions a server keeps loaded.

    All from the oldest that has a label, and one more: the next version can then load, and its label move, before any
    that has a label is unloaded; and the champion's predecessor stays at hand.
    """
    oldest = min(labels.values(), default=present[-1] if present else 0)
    return sum(version >= oldest for version in present) + 1


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Makes a file and holds its lock, which tells an export under way from one that was killed, on any host."""
    while True:
        with path.open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():  # whoever removes what was abandoned came between the two lines above
                continue
            try:
                yield
            finally:
                path.unlink(missing_ok=True)
            return


def _remove_abandoned(home: Path) -> None:
    """Removes what killed processes left: each folder whose lock is free."""
    for path in home.glob(f"{_STAGED}*{_LOCK}"):
        with contextlib.suppress(OSError), path.open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError, an OSError, if it is held
            shutil.rmtree(path.with_name(path.name.removesuffix(_LOCK)), ignore_errors=True)
            path.unlink(missing_ok=True)
