"""A store's files behind a URL: object stores cannot rename or lock, so `saved_model.pb` comes last."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError
from zoo.export._local_files import files_of
from zoo.tables.files import make_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LAST = "saved_model.pb"  # without it no server can load a version
_SUMS = "SHA256SUMS"  # what the files are, for whoever copies them from there; as sha256sum writes it


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
        """Whether a version holds a folder's files: of the same content, or size where no checksums lie beside them."""
        sizes, sums = self._sizes(name, version), self.path(name, str(version), _SUMS)
        has_sums = sizes.pop(_SUMS, None) is not None
        return sizes == files_of(directory) and (
            not has_sums or self._files.cat_file(sums).decode() == _checksums(directory)
        )

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
                target = self.path(name, str(version), file)
                make_folder(self._files, target.rpartition("/")[0])
                if file == _LAST:
                    written.append(self.path(name, str(version), _SUMS))
                    self._files.pipe_file(written[-1], _checksums(directory).encode())
                    announce()
                written.append(target)
                self._files.put_file(str(directory / file), target)
        except BaseException:
            with contextlib.suppress(Exception):
                if not self.is_whole(name, version):  # else another push of it was faster
                    self._files.rm(written)
            raise
        if not self.is_same(directory, name, version):
            raise ZooError(f"another push of {name} {version} to {self._root} was stopped meanwhile; push it again")
        return True

    def fetch(self, name: str, version: int, folder: Path) -> None:
        """Copies NAME/VERSION to a folder.

        Raises:
            ZooError: what arrives is not what was pushed.
        """
        for file, size in self._sizes(name, version).items():
            path = folder / file
            if not path.resolve().is_relative_to(folder.resolve()):
                raise ZooError(f"{self.path(name, str(version), file)} would lead out of the folder of its version")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._files.get_file(self.path(name, str(version), file), str(path))
            if path.stat().st_size != size:
                raise ZooError(f"{self.path(name, str(version), file)} changed while it was copied; try again")
        sums = folder / _SUMS
        if sums.is_file():
            told = sums.read_text(encoding="utf-8")
            sums.unlink()
            if told != _checksums(folder):
                raise ZooError(f"{self.path(name, str(version))} is not what its {_SUMS} says; push it again")

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


def _checksums(directory: Path) -> str:
    lines = []
    for file in sorted(files_of(directory)):
        with (directory / file).open("rb") as content:
            lines.append(f"{hashlib.file_digest(content, 'sha256').hexdigest()}  {file}\n")
    return "".join(lines)
