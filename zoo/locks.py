"""Locks between processes: files that one of them holds at a time. The kernel lets go when a process ends, however."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def locked(path: Path, *, wait: bool = True, remove: bool = False) -> Iterator[None]:
    """Makes a file, if it is not there, and holds its lock while the block lasts.

    Args:
        path: the file; its folder must be there.
        wait: whether to wait for another that holds it.
        remove: whether to remove the file afterwards.

    Raises:
        BlockingIOError: another holds it, and `wait` is false.
        OSError: the file cannot be made.
    """
    descriptor = _lock_of(path, wait=wait)
    try:
        yield
    finally:
        if remove:
            path.unlink(missing_ok=True)
        os.close(descriptor)


@contextlib.contextmanager
def locked_folder(folder: Path, file: str = "lock") -> Iterator[None]:
    """Makes a folder, if it is not there, and holds the lock of a file in it while the block lasts; it never waits.

    Args:
        folder: the folder; the block may remove it. The folder above it must be there.
        file: name of the file.

    Raises:
        BlockingIOError: another holds it.
        OSError: folder or file cannot be made.
    """
    while True:
        folder.mkdir(exist_ok=True)
        try:
            descriptor = _lock_of(folder / file, wait=False)
        except FileNotFoundError:  # its owner removed the folder between the two calls
            continue
        break
    try:
        yield
    finally:
        os.close(descriptor)


def _lock_of(path: Path, *, wait: bool) -> int:
    """A descriptor that holds the lock of the file that is at `path` now, not of one that was removed meanwhile."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(descriptor, path):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
