"""Files of text in which a row is a line, read in blocks."""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.errors import InputError
from zoo.tables.files import readable
from zoo.tables.table import Block

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from zoo.tables.byte_source import ByteSource

_READ = 2**22  # bytes at once
_NEWLINE, _RETURN, _QUOTE = b"\n"[0], b"\r"[0], b'"'[0]


class LinesTable(ABC):
    """A table whose rows are lines.

    The file is gone through once to see where its rows end, which is quick; each block can then be read by itself.
    A derived class sets `schema`, and `_start`, the byte of the first row.

    Args:
        source: the file.
    """

    row_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    quotes: ClassVar[bool] = False  # whether a line break in double quotes does not end a row
    schema: Any

    def __init__(self, source: ByteSource) -> None:
        self.source, self.name = source, source.name
        self.rows: int | None = None
        head = source.head(2**16)
        self._start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        self._newline = _RETURN if b"\r" in head and b"\n" not in head else _NEWLINE  # of Macs before 2001

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self.source.identity()

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        bounds, rows = self._bounds(size, limit)
        self.rows = rows if limit is None or rows < limit else self.rows
        if not rows:
            raise InputError(f"{self.name}: {self._nothing()}; export it again")
        return [
            Block(number, number * size, min(size, rows - number * size), start, stop, task=start)
            for number, (start, stop) in enumerate(pairwise(bounds))
        ]

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        with readable(self.name), self.source.open() as file:
            for block in blocks:
                file.seek(block.start)
                yield self._parsed(file.read(block.stop - block.start), block, columns, numbers)

    @abstractmethod
    def _parsed(self, data: bytes, block: Block, columns: Collection[str], numbers: Collection[str]) -> Any:
        """A `pyarrow.Table` of a block's bytes."""

    def _nothing(self) -> str:
        """What is wrong with a file without rows."""
        return "the table has no rows"

    def _first_rows(self, size: int = 2**20) -> bytes:
        """The file's first bytes from its first row on, up to the end of a row; at least two rows, if there are."""
        head = self.source.head(size)
        if len(head) < size:
            return head[self._start :]
        ends = np.concatenate(list(self._ends(iter([head[self._start :]]), complete=False)))
        return head[self._start : self._start + int(ends[-1])] if len(ends) > 1 else self._first_rows(4 * size)

    def _bounds(self, size: int, limit: int | None) -> tuple[list[int], int]:
        """The bytes at which blocks start, and the end of the last; how many rows there are."""
        bounds, rows, end = [self._start], 0, self._start
        with readable(self.name), self.source.open() as file:
            file.seek(self._start)
            chunks = iter(lambda: file.read(_READ), b"")
            for found in self._ends(chunks):
                ends = found if limit is None else found[: limit - rows]
                bounds.extend((self._start + ends[(-rows - 1) % size :: size]).tolist())
                rows += len(ends)
                end = self._start + int(ends[-1]) if len(ends) else end
                if rows == limit:
                    break
        if bounds[-1] != end:
            bounds.append(end)
        return bounds, rows

    def _ends(self, chunks: Iterator[bytes], *, complete: bool = True) -> Iterator[Any]:
        """The bytes after the rows, counted from the first chunk, in pieces.

        Args:
            chunks: the file's bytes, or the first of them.
            complete: whether they are all, so that what is left over at their end is a row.
        """
        position, start, odd, before = 0, 0, False, 0
        for data in chunks:
            codes = np.frombuffer(data, np.uint8)
            at = np.flatnonzero(codes == self._newline)
            if self.quotes and (odd or b'"' in data):
                quotes = np.flatnonzero(codes == _QUOTE)
                at = at[(np.searchsorted(quotes, at) + odd) % 2 == 0]
                odd = bool((len(quotes) + odd) % 2)
            lengths = np.diff(np.concatenate([[start - position], at + 1]))
            previous = np.where(at > 0, codes[at - 1], before)
            there = (lengths > 2) | ((lengths == 2) & (previous != _RETURN))
            if len(at):
                start = position + int(at[-1]) + 1
            before = data[-1]
            position += len(data)
            yield position - len(data) + at[there] + 1
        if complete and position > start and not (position - start == 1 and before == _RETURN):
            yield np.asarray([position])
