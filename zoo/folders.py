"""Folders that a run will write to, tried before anything is computed, and files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
import uuid
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.errors import InputError, one_line

if TYPE_CHECKING:
    from collections.abc import Mapping


def require_writable(folder: Path, what: str, key: str) -> None:
    """Makes a folder if need be and writes a file into it.

    Args:
        folder: where something will be written.
        what: how to call it in the message.
        key: what the user can set to have another folder.

    Raises:
        InputError: it cannot be made or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(f"{what} {folder} cannot be written to ({reason}); make it writable, or set {key}") from None


def put_in_place(temporary: Path, path: Path) -> None:
    """Renames a finished file, and sees to it that a power cut leaves the old one or the new one, whole.

    Args:
        temporary: the file, in the same folder.
        path: its final name.
    """
    _flush(temporary)  # or the name may be on the disk before what it names
    temporary.replace(path)
    _flush(path.parent)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copied_whole(folder: Path, target: Path) -> Path:
    """Copies a folder; the copy is there whole or not at all. Returns it.

    Raises:
        InputError: there is something of that name already, or it cannot be written.
    """
    if target.exists():
        raise InputError(f"{target} is there already; name a folder that is not")
    temporary = target.with_name(f".{target.name}-{uuid.uuid4().hex[:8]}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(folder, temporary)
        temporary.rename(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written ({one_line(error)})") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


class TemporaryFolder:
    """A folder that is there as long as this object is.

    Attributes:
        path: of the folder, which is empty at first.
    """

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="zoo-"))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder and of those in it, by their path from there."""
    return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


def unpacked(files: Mapping[str, bytes], folder: Path) -> None:
    """Writes into a folder what `contents` read."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
