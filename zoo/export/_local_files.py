"""A store's files on this machine: a version appears by one rename, whole, and writers lock."""

from __future__ import annotations

import contextlib
import filecmp
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import ZooError, one_line
from zoo.locks import locked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_STAGED, _LOCK = ".candidate-", ".lock"
_AT_ONCE = 2**24  # bytes; nobody can break off what waits for the disk, so it waits for little at a time
_MOUNT = "/models"  # where containers see a store on this machine


class LocalFiles:
    """A folder of NAME/VERSION/ folders; see `zoo.export._object_files` for the other kind.

    Args:
        home: the folder.
    """

    def __init__(self, home: str) -> None:
        self._home = Path(home)

    def path(self, *parts: str) -> str:
        """Of a file in the store, for messages."""
        return str(self._home.joinpath(*parts))

    def base_path(self, name: str) -> str:
        """An encoder's folder as a server in a container sees it."""
        return f"{_MOUNT}/{name}"

    def versions(self, name: str) -> list[int]:
        """Numbers of the versions, ascending."""
        folder = self._home / name
        return sorted(int(each.name) for each in folder.iterdir() if each.name.isdigit()) if folder.is_dir() else []

    def is_whole(self, name: str, version: int) -> bool:
        """Whether a server can load the version."""
        return (self._home / name / str(version) / "saved_model.pb").exists()

    def is_same(self, directory: Path, name: str, version: int) -> bool:
        """Whether a version holds the same files as a folder."""
        there, files = self._home / name / str(version), files_of(directory)
        return files == files_of(there) and all(filecmp.cmp(directory / f, there / f, shallow=False) for f in files)

    def copy(self, directory: Path, name: str, version: int, announce: Callable[[], None]) -> bool:
        """Copies a folder to NAME/VERSION.

        Args:
            directory: the folder.
            name: the encoder.
            version: its number.
            announce: called under the store's lock, before the version appears.

        Returns:
            Whether it was copied; False if another writer was faster.
        """
        (self._home / name).mkdir(parents=True, exist_ok=True)
        with self.staged(name) as staged:
            shutil.copytree(directory, staged, copy_function=_copied)
            try:
                self.rename(staged, name, version, announce)
            except OSError:
                if not (self._home / name / str(version)).exists():
                    raise
                return False
        return True

    def rename(self, directory: Path, name: str, version: int, announce: Callable[[], None]) -> None:
        """Renames a staged folder to NAME/VERSION; see `copy`."""
        with self.lock():
            announce()
            directory.rename(self._home / name / str(version))

    @contextlib.contextmanager
    def staged(self, name: str) -> Iterator[Path]:
        """A folder beside an encoder's versions, where no server looks; removed afterwards."""
        home = self._home / name
        folder = home / f"{_STAGED}{uuid.uuid4().hex}"
        with contextlib.ExitStack() as held:
            try:
                home.mkdir(parents=True, exist_ok=True)
                _remove_abandoned(home)
                # the lock tells an export under way from one that was killed, on any host
                held.enter_context(locked(folder.with_name(f"{folder.name}{_LOCK}"), remove=True))
            except OSError as error:
                raise ZooError(f"{home} cannot be written to: {one_line(error)}") from error
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)

    def read(self, file: str) -> str:
        """A file's text; "" if there is none."""
        path = self._home / file
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def write(self, file: str, text: str) -> None:
        """Writes a file, whole."""
        path = self._home / file
        new = path.with_name(f"{path.name}.{uuid.uuid4().hex}.new")
        try:
            new.write_text(text, encoding="utf-8")
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)

    @contextlib.contextmanager
    def lock(self, file: str = _LOCK) -> Iterator[None]:
        """One writer at a time."""
        path = self._home / file
        with contextlib.ExitStack() as held:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                held.enter_context(locked(path))
            except OSError as error:
                raise ZooError(f"{path} cannot be locked: {one_line(error)}") from error
            yield

    @staticmethod
    def explains(error: Exception) -> bool:
        """Whether an error comes of the files, and not of a mistake in the code."""
        return isinstance(error, OSError | ValueError)


def _copied(source: str, target: str) -> None:
    """Copies a file to the disk itself: a power cut must not leave a version with empty files."""
    with Path(source).open("rb") as old, Path(target).open("wb") as new:
        more = True
        while more:
            more = new.write(old.read(_AT_ONCE)) == _AT_ONCE
            new.flush()
            os.fsync(new.fileno())
    shutil.copystat(source, target)


def files_of(directory: Path) -> dict[str, int]:
    """The files below a folder and their sizes."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.stat().st_size for path in files}


def _remove_abandoned(home: Path) -> None:
    """Removes what killed processes left: each folder whose lock is free."""
    for path in home.glob(f"{_STAGED}*{_LOCK}"):
        with contextlib.suppress(OSError), locked(path, wait=False, remove=True):  # BlockingIOError if it is held
            shutil.rmtree(path.with_name(path.name.removesuffix(_LOCK)), ignore_errors=True)
