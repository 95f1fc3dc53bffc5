"""A folder that TF Serving and the embedded server read: NAME/VERSION/, and which version is called what."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, ZooError, one_line
from zoo.export._labels import CANARY, STABLE, kept_versions, relabelled
from zoo.export._local_files import LocalFiles
from zoo.export._models_config import ModelsConfig
from zoo.export._object_files import ObjectFiles
from zoo.tables.files import file_system

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["CANARY", "CONFIG_FILE", "STABLE", "Store"]

CONFIG_FILE = "models.config"
_PROMOTION = ".promotion.lock"


class Store:
    """A store of exported encoders on this machine, or behind any fsspec URL.

    On this machine a version appears by one rename, whole. Object stores cannot rename: there `saved_model.pb` comes
    last, and what was copied is deleted if the copy fails.

    Args:
        root: a folder, or a URL such as `s3://bucket/models` or `gs://bucket/models`.
        option: that it was given as, which an error names; "" for none.

    Attributes:
        root: as above.

    Raises:
        InputError: a URL whose protocol fsspec does not know, or whose package is not installed.
    """

    def __init__(self, root: str | Path, option: str = "target") -> None:
        self.root = str(root)
        self._files = _files_of(self.root, option)

    def versions(self, name: str) -> list[int]:
        """Numbers of an encoder's versions, ascending; in an object store, of those that were copied to their end.

        Raises:
            ZooError: the store cannot be read.
        """
        with self._reached(f"{self.root} cannot be read"):
            return self._files.versions(name)

    def staged(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A folder beside an encoder's versions, on this machine, where no server looks; removed afterwards."""
        return self._local().staged(name)

    def publish(self, directory: Path, name: str, version: int) -> Path:
        """Renames a staged directory to NAME/VERSION, in one step.

        Raises:
            ZooError: the version is there already, or the rename failed.
        """
        target = Path(self._files.path(name, str(version)))
        with self._reached(f"{target} could not be put in place"):
            if target.exists():
                raise ZooError(f"{target} exists already; move it away, or set export.store=FOLDER")
            self._local().rename(directory, name, version, lambda: self._make_room(name, version))
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
            if version not in self.versions(name):
                copied = self._files.copy(directory, name, version, lambda: self._make_room(name, version))
                return copied or self.add(directory, name, version)
            if not self._files.is_same(directory, name, version):
                raise ZooError(f"{self._files.path(name, str(version))} is there already, and is something else")
            return False

    def fetched(self, name: str, version: int, folder: Path) -> Path:
        """The files of a version on this machine: its own folder, or that which they are copied to from a URL.

        Raises:
            ZooError: they could not be copied, or what arrived is not what was pushed.
        """
        if isinstance(self._files, LocalFiles):
            return Path(self._files.path(name, str(version)))
        with self._reached(f"{name} {version} could not be copied from {self.root}"):
            self._files.fetch(name, version, folder)
        return folder

    def labels(self, name: str) -> dict[str, int]:
        """Which version each label names, such as {"stable": 7}; raises ZooError if the file cannot be read."""
        return self._config().labels(name)

    def require_labels(self) -> None:
        """Reads the labels, and tries to lock them; raises ZooError if they could not be written."""
        with self._files.lock():
            self._config()

    def set_labels(self, name: str, labels: Mapping[str, int]) -> None:
        """Writes down which versions the labels name, in the store's `models.config`; other labels are dropped.

        Raises:
            InputError: a label for a version that is not in the store.
            ZooError: the file could not be read or written.
        """
        with self._files.lock():
            self._write_labels(self._config(), name, labels)

    def add_label(self, name: str, label: str, version: int) -> None:
        """Gives a version a label; a `canary` follows `stable` as in `stable_moved`. Errors as for `set_labels`."""
        with self._files.lock():
            config = self._config()
            self._write_labels(config, name, relabelled(config.labels(name), label, version))

    @contextlib.contextmanager
    def stable_moved(self, name: str, version: int) -> Iterator[None]:
        """Calls a version `stable`, for good if the block succeeds; a `canary` may follow, see `relabelled`.

        One such block at a time: what it does in a registry then agrees with the label. Errors as for `set_labels`.
        """
        with self._files.lock(_PROMOTION):
            with self._files.lock():
                config = self._config()
                before = config.labels(name)
                self._write_labels(config, name, relabelled(before, STABLE, version))
            try:
                yield
            except BaseException:
                self.set_labels(name, before)
                raise

    def _write_labels(self, config: ModelsConfig, name: str, labels: Mapping[str, int]) -> None:
        present = self.versions(name)
        for label, version in labels.items():
            if version not in present or not self._files.is_whole(name, version):
                raise InputError(f"{self.root} has no version {version} of {name} for the label {label!r}: {present}")
        config.set(name, self._files.base_path(name), labels, kept_versions(present, labels))
        self._write(config)

    def _make_room(self, name: str, version: int) -> None:
        """Lets servers load a version that is about to appear beside those that have labels, not instead of one."""
        config = self._config()
        labels = config.labels(name)
        if labels:
            config.set_versions(name, kept_versions(sorted({*self.versions(name), version}), labels))
            self._write(config)

    def _config(self) -> ModelsConfig:
        with self._reached(f"{self._files.path(CONFIG_FILE)} cannot be read", "mend it, or move it away"):
            return ModelsConfig(self._files.read(CONFIG_FILE))

    def _write(self, config: ModelsConfig) -> None:
        with self._reached(f"{self._files.path(CONFIG_FILE)} could not be written"):
            self._files.write(CONFIG_FILE, config.text())

    def _local(self) -> LocalFiles:
        if not isinstance(self._files, LocalFiles):
            raise InputError(f"{self.root}: a folder on this machine is wanted")
        return self._files

    @contextlib.contextmanager
    def _reached(self, problem: str, remedy: str = "") -> Iterator[None]:
        """Turns what file systems, and clients of object stores, raise into a ZooError."""
        try:
            yield
        except ZooError:
            raise
        except Exception as error:
            if not self._files.explains(error):
                raise
            raise ZooError(f"{problem}: {one_line(error)}" + (f"; {remedy}" if remedy else "")) from error


def _files_of(root: str, option: str) -> LocalFiles | ObjectFiles:
    files, path = file_system(root, option)
    if "file" not in (files.protocol if isinstance(files.protocol, tuple) else (files.protocol,)):
        return ObjectFiles(files, root, path)
    # as it was written: a person would rather read serving/store than all that lies above it
    is_url = re.match(r"(file|local):", root)
    return LocalFiles(path.rstrip("/") if is_url else str(Path(root).expanduser()))
