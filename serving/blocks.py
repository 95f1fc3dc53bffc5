"""Blocks of bytes that two processes hand each other through a file in memory: one copy each way, without the lock."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Blocks:
    """The file. One side puts blocks into it, tells the other how long they are, and the other takes them out.

    Args:
        descriptor: of the file.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def put(self, blocks: Sequence[bytes | memoryview]) -> list[int]:
        """Writes blocks one after another; returns the bytes of each."""
        at, sizes = 0, []
        for block in blocks:
            left = memoryview(block)
            sizes.append(left.nbytes)
            while left.nbytes:
                written = os.pwrite(self._descriptor, left, at)
                at += written
                left = left[written:]
        return sizes

    def take(self, sizes: Sequence[int]) -> list[bytes]:
        """Reads them, and empties the file."""
        at, blocks = 0, []
        for size in sizes:
            blocks.append(os.pread(self._descriptor, size, at))  # of a file in memory it is never less
            at += size
        self.clear()
        return blocks

    def clear(self) -> None:
        """Gives the memory back."""
        os.ftruncate(self._descriptor, 0)
