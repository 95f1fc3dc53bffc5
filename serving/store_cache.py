"""The folder here that holds what was copied from a store behind a URL."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from serving.versions import MODEL_NAME, version_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_MARK, _STAGED = ".copy_of", ".staged"


class StoreCache:
    """NAME/VERSION/ folders, each of which appears and goes by one rename; several servers may share them.

    Args:
        folder: empty, or used for this URL before: what the store lacks is removed from it.
        url: of the store.

    Attributes:
        folder: as above.

    Raises:
        ValueError: the folder holds something else, or cannot be written to.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        try:
            self._claim(url.rstrip("/"))
            self._remove_abandoned()
        except OSError as error:
            reason = error.strerror or error
            raise ValueError(f"{folder} cannot be written to ({reason}); --store_cache DIR names another") from None

    @contextlib.contextmanager
    def staged(self) -> Iterator[Path]:
        """A folder where no server looks, removed afterwards; its lock tells one in use from one of a killed server."""
        staged = self.folder / _STAGED / uuid.uuid4().hex
        staged.mkdir(parents=True)
        descriptor = os.open(staged, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield staged
        finally:
            os.close(descriptor)
            shutil.rmtree(staged, ignore_errors=True)

    def put(self, staged: Path, name: str, version: int) -> None:
        """Renames a staged folder to NAME/VERSION, in the place of one that is there."""
        target = self.folder / name / str(version)
        target.parent.mkdir(exist_ok=True)
        self._remove(target)
        staged.rename(target)

    def keep_models(self, names: Collection[str]) -> None:
        """Removes the models that are not among these."""
        for folder in self.folder.iterdir():
            if MODEL_NAME.fullmatch(folder.name) and folder.is_dir() and folder.name not in names:
                self.keep_versions(folder.name, set())
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def keep_versions(self, name: str, kept: Collection[int]) -> None:
        """Removes the versions of a model that are not among these."""
        with contextlib.suppress(FileNotFoundError):
            for folder in (self.folder / name).iterdir():
                if version_of(folder.name) not in kept:
                    self._remove(folder)

    def _remove(self, folder: Path) -> None:
        """First its name, so that nobody loads half of it."""
        if folder.exists():
            with self.staged() as staged:
                folder.rename(staged / folder.name)

    def _claim(self, url: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        mark = self.folder / _MARK
        if not mark.exists():
            others = any(not each.name.startswith(_MARK) for each in self.folder.iterdir())
            if others and not mark.exists():  # nor has another server made it, and begun to copy, in the meantime
                raise ValueError(f"--store_cache: {self.folder} holds something else than copies; name another folder")
            aside = self.folder / f"{_MARK}-{uuid.uuid4().hex}"  # servers in containers all have one process id
            aside.write_text(url, encoding="utf-8")
            with contextlib.suppress(FileExistsError):  # another server was first
                os.link(aside, mark)
            aside.unlink()
        if (other := mark.read_text(encoding="utf-8")) != url:
            raise ValueError(f"--store_cache: {self.folder} holds what was copied from {other}; name another folder")

    def _remove_abandoned(self) -> None:
        for each in (self.folder / _STAGED).glob("*"):
            descriptor = os.open(each, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(each, ignore_errors=True)
            except BlockingIOError:
                pass  # another server is at it
            finally:
                os.close(descriptor)


def default_folder(url: str) -> Path:
    """Where a store's copies lie if nothing else is said: in the user's cache, so that a restart finds them.

    Raises:
        ValueError: the user has no home.
    """
    try:
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise ValueError(
            f"there is no folder for what is copied from {url} ({error}): give --store_cache DIR"
        ) from None
    digest = hashlib.sha256(url.rstrip("/").encode()).hexdigest()
    return cache / "encoder-zoo" / f"store-{digest[:16]}"
