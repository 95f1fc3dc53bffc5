"""A store's files behind a URL: object stores cannot rename or lock, so `saved_model.pb` comes last."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.export._local_files import files_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LAST = "saved_model.pb"  # without it no server can load a version


class ObjectFiles:
    """NAME/VERSION/ below a URL; see `zoo.export._local_files` for the other kind.

    Args:
        files: an fsspec file system.
        root: the URL, as it was written.
        home: the path in the file system.
    """

    def __init__(self, files: Any, root: str, home: str) -> None:
        self._files, self._root, self._home = files, root, home.rstrip("/")

    def path(self, *parts: str) -> str:
        """Of a file in the store, for messages."""
        return "/".join([self._home, *parts])

    def base_path(self, name: str) -> str:
        """An encoder's folder as a server sees it."""
        return f"{self._root.rstrip('/')}/{name}"

    def versions(self, name: str) -> list[int]:
        """Numbers of the versions that were copied to their end, ascending."""
        folder = self.path(name)
        self._files.invalidate_cache()
        if not self._files.isdir(folder):
            return []
        found = (path.rstrip("/").rpartition("/")[2] for path in self._files.ls(folder, detail=False))
        return [each for each in sorted(int(each) for each in found if each.isdigit()) if self.is_whole(name, each)]

    def is_whole(self, name: str, version: int) -> bool:
        """Whether a server can load the version."""
        self._files.invalidate_cache()
        return bool(self._files.exists(self.path(name, str(version), _LAST)))

    def is_same(self, directory: Path, name: str, version: int) -> bool:
        """Whether a version holds files of the same sizes as a folder's; their content would have to be fetched."""
        return self._sizes(name, version) == files_of(directory)

    def copy(self, directory: Path, name: str, version: int, announce: Callable[[], None]) -> bool:
        """Copies a folder to NAME/VERSION, and deletes what it copied if that fails.

        Args:
            directory: the folder.
            name: the encoder.
            version: its number.
            announce: called before the version appears.

        Returns:
            True.
        """
        written: list[str] = []
        try:
            for file in sorted(files_of(directory), key=lambda file: (file == _LAST, file)):
                if file == _LAST:
                    announce()
                target = self.path(name, str(version), file)
                written.append(target)
                self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
                self._files.put_file(str(directory / file), target)
        except BaseException:
            with contextlib.suppress(Exception):
                if not self.is_whole(name, version):  # else another push of it was faster
                    self._files.rm(written)
            raise
        if not self.is_same(directory, name, version):
            raise ZooError(f"another push of {name} {version} to {self._root} was stopped meanwhile; push it again")
        return True

    def read(self, file: str) -> str:
        """A file's text; "" if there is none."""
        path = self.path(file)
        return str(self._files.cat_file(path).decode()) if self._files.exists(path) else ""

    def write(self, file: str, text: str) -> None:
        """Writes a file."""
        self._files.pipe_file(self.path(file), text.encode())

    @staticmethod
    def lock(file: str = "") -> contextlib.AbstractContextManager[None]:
        """Nothing: object stores have no locks."""
        del file
        return contextlib.nullcontext()

    @staticmethod
    def explains(error: Exception) -> bool:
        """Whether an error comes of the files: clients of object stores raise whatever they like."""
        return isinstance(error, Exception)

    def _sizes(self, name: str, version: int) -> dict[str, int]:
        root = self.path(name, str(version))
        found = self._files.find(root, detail=True)
        return {path.removeprefix(root).lstrip("/"): int(facts["size"]) for path, facts in found.items()}
