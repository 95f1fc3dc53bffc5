"""Rows that took long to read, in a temporary file: the second time they are only copied from there."""

from __future__ import annotations

import os
import shutil
import tempfile
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.tables.table import Block
    from zoo.types import Floats

_SPARE = 2**30  # bytes that are left free on the disk


class KeptRows:
    """What was read of blocks of a table, float32, at a place for each of the table's rows.

    The file has no name, so that nothing of it is left whatever ends the process. Where the disk fills up, what is not
    kept is read again.

    Args:
        width: of a row.

    Attributes:
        where: in words, where they are kept.
    """

    def __init__(self, width: int) -> None:
        self._width, self._there = width, dict[int, int]()  # number of a block -> its rows that are kept
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  as long as the stream
        self._full = False
        self.where = f"a temporary file in {tempfile.gettempdir()}"

    @classmethod
    def of(cls, rows: int, width: int) -> KeptRows | None:
        """For so many rows, or None where the disk of temporary files has no room for them."""
        if shutil.disk_usage(tempfile.gettempdir()).free < rows * width * 4 + _SPARE:
            return None
        return cls(width)

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
