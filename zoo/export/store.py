"""A folder that TF Serving and the embedded server read: NAME/VERSION/, and which version is called what."""

from __future__ import annotations

import contextlib
import fcntl
import os
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
_STAGED = ".candidate-"
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
        self._home = str(Path(self.root.removeprefix("file://")).expanduser()) if self._is_local else path.rstrip("/")

    def versions(self, name: str) -> list[int]:
        """Numbers of an encoder's versions, ascending."""
        folder = self._path(name)
        self._files.invalidate_cache()
        if not self._files.isdir(folder):
            return []
        found = (path.rstrip("/").rpartition("/")[2] for path in self._files.ls(folder, detail=False))
        return sorted(int(each) for each in found if each.isdigit())

    @contextlib.contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """A folder beside an encoder's versions, on this machine, where no server looks; removed afterwards."""
        home = Path(self._path(name))
        _remove_abandoned(home)
        # the process number in the name tells an export under way from one that was killed
        folder = home / f"{_STAGED}{os.getpid()}-{uuid.uuid4().hex[:8]}"
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
        if target.exists():
            raise ZooError(f"{target} exists already; move it away, or set export.store=FOLDER")
        try:
            directory.rename(target)
        except OSError as error:
            raise ZooError(f"{target} could not be put in place: {one_line(error)}") from error
        return target

    def add(self, directory: Path, name: str, version: int) -> bool:
        """Copies a SavedModel's directory to NAME/VERSION.

        Returns:
            Whether it was copied; False if the version is there already, with files of the same sizes.

        Raises:
            ZooError: another version of this number is there, or it could not be copied; nothing is left of it then.
        """
        if version in self.versions(name):
            if self._sizes(name, version) != _sizes_of(directory):
                raise ZooError(f"{self._path(name, str(version))} is there already, and is something else")
            return False
        try:
            if self._is_local:
                return self._copied_and_renamed(directory, name, version)
            self._upload(directory, name, version)
        except OSError as error:
            raise ZooError(f"{name} {version} could not be copied to {self.root}: {one_line(error)}") from error
        return True

    def labels(self, name: str) -> dict[str, int]:
        """Which version each label names, such as {"stable": 7}."""
        return self._config().labels(name)

    def set_labels(self, name: str, labels: Mapping[str, int]) -> None:
        """Writes down which versions the labels name, in the store's `models.config`; other labels are dropped.

        Raises:
            InputError: a label for a version that is not in the store.
            ZooError: the file could not be read or written.
        """
        with self._lock():
            self._write_labels(self._config(), name, labels)

    def add_label(self, name: str, label: str, version: int) -> None:
        """Gives a version a label, instead of any other that it has; errors as for `set_labels`."""
        with self._lock():
            config = self._config()
            others = {each: number for each, number in config.labels(name).items() if number != version}
            self._write_labels(config, name, others | {label: version})

    def _write_labels(self, config: ModelsConfig, name: str, labels: Mapping[str, int]) -> None:
        present = self.versions(name)
        for label, version in labels.items():
            if version not in present:
                raise InputError(f"{self.root} has no version {version} of {name} for the label {label!r}: {present}")
        base = f"{_MOUNT}/{name}" if self._is_local else f"{self.root.rstrip('/')}/{name}"
        config.set(name, base, labels, _kept(present, labels))
        self._write(CONFIG_FILE, config.text())

    def _config(self) -> ModelsConfig:
        path = self._path(CONFIG_FILE)
        try:
            text = self._files.cat_file(path).decode() if self._files.exists(path) else ""
            return ModelsConfig(text)
        except (OSError, ValueError) as error:
            raise ZooError(f"{path} cannot be read: {one_line(error)}; mend it, or move it away") from error

    def _write(self, file: str, text: str) -> None:
        path = self._path(file)
        if not self._is_local:
            self._files.pipe_file(path, text.encode())
            return
        new = Path(f"{path}.{os.getpid()}.new")
        try:
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        except OSError as error:
            raise ZooError(f"{path} could not be written: {one_line(error)}") from error
        finally:
            new.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _lock(self) -> Iterator[None]:
        """One writer of the store's file at a time, on this machine; object stores have no locks."""
        if not self._is_local:
            yield
            return
        with Path(self._path(".lock")).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _copied_and_renamed(self, directory: Path, name: str, version: int) -> bool:
        Path(self._path(name)).mkdir(parents=True, exist_ok=True)
        with self.staged(name) as staged:
            shutil.copytree(directory, staged)
            for path in (each for each in staged.rglob("*") if each.is_file()):
                with path.open("rb") as file:
                    os.fsync(file.fileno())  # a power cut must not leave a version with empty files
            target = Path(self._path(name, str(version)))
            try:
                staged.rename(target)
            except OSError:
                if not target.exists():
                    raise
                return self.add(directory, name, version)  # another push was faster
        return True

    def _upload(self, directory: Path, name: str, version: int) -> None:
        files = sorted(
            (path for path in directory.rglob("*") if path.is_file()),
            key=lambda path: path.relative_to(directory).as_posix() == _LAST,
        )
        try:
            for path in files:
                target = self._path(name, str(version), path.relative_to(directory).as_posix())
                self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
                self._files.put_file(str(path), target)
        except BaseException:
            with contextlib.suppress(Exception):
                self._files.rm(self._path(name, str(version)), recursive=True)
            raise

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


def _kept(present: list[int], labels: Mapping[str, Any]) -> int:
    """How many of the newest versions a server keeps loaded.

    All from the oldest that has a label, and one more: the next version can then load, and its label move, before any
    that has a label is unloaded; and the champion's predecessor stays at hand.
    """
    oldest = min(labels.values(), default=present[-1] if present else 0)
    return sum(version >= oldest for version in present) + 1


def _remove_abandoned(home: Path) -> None:
    """Removes what killed processes left."""
    for path in home.glob(f"{_STAGED}*"):
        process = path.name.removeprefix(_STAGED).partition("-")[0]
        if not Path(f"/proc/{process}").exists() and Path("/proc").exists():
            shutil.rmtree(path, ignore_errors=True)
