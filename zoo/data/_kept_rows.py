"""Rows that took long to read, in a temporary file: the second time they are only copied from there."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.tables.table import Block
    from zoo.types import Floats

_SPARE = 2**30  # bytes that are left free on the disk
_LARGE = "/var/tmp"  # noqa: S108  where temporary files may be large, and no memory
_IN_MEMORY = {"tmpfs", "ramfs"}
_MOUNTS = Path("/proc/self/mounts")


class KeptRows:
    """What was read of blocks of a table, float32, at a place for each of the table's rows.

    The file has no name, so that nothing of it is left whatever ends the process. Where the disk fills up, what is not
    kept is read again.

    Args:
        width: of a row.
        folder: of the file.

    Attributes:
        where: in words, where they are kept.
    """

    def __init__(self, width: int, folder: str) -> None:
        self._width, self._there = width, dict[int, int]()  # number of a block -> its rows that are kept
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  as long as the stream
        self._full = False
        self.where = f"a temporary file in {folder}"

    @classmethod
    def of(cls, rows: int, width: int) -> KeptRows | None:
        """For so many rows, or None where no disk that temporary files may lie on has room for them."""
        for folder in dict.fromkeys([tempfile.gettempdir(), _LARGE]):
            if not (os.access(folder, os.W_OK) and _is_on_disk(folder)):
                continue
            if shutil.disk_usage(folder).free >= rows * width * 4 + _SPARE:
                return cls(width, folder)
        return None

    def __contains__(self, block: Block) -> bool:
        """Whether the block's rows are kept."""
        return block.number in self._there

    def keep(self, block: Block, rows: Floats) -> None:
        """Keeps rows [n, width] of a block, n no more than it has."""
        if self._full:
            return
        left, place = np.ascontiguousarray(rows, np.float32).data.cast("B"), self._place(block)
        try:
            while left:
                written = os.pwrite(self._file.fileno(), left, place)
                left, place = left[written:], place + written
        except OSError:
            self._full = True
            return
        self._there[block.number] = len(rows)

    def read(self, block: Block) -> Floats:
        """The rows [n, width] that were kept of a block."""
        rows = np.empty((self._there[block.number], self._width), np.float32)
        left, place = rows.data.cast("B"), self._place(block)
        while left:
            found = os.preadv(self._file.fileno(), [left], place)
            left, place = left[found:], place + found
        return rows

    def _place(self, block: Block) -> int:
        return block.first * self._width * 4


def _is_on_disk(folder: str) -> bool:
    """Whether a folder's files lie on a disk rather than in memory, as far as the system says."""
    if not _MOUNTS.is_file():
        return True
    mounts = [line.split(" ") for line in _MOUNTS.read_text(errors="replace").splitlines()]
    place = Path(folder).resolve()
    around = [(len(mounted), kind) for _, mounted, kind, *_ in mounts if place.is_relative_to(mounted)]
    longest = max((length for length, _ in around), default=0)
    kinds = [kind for length, kind in around if length == longest]
    return not kinds or kinds[-1] not in _IN_MEMORY  # of several in one place, the last one is seen
