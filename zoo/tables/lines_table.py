"""Files of text in which a row is a line, read in blocks."""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.files import readable
from zoo.tables.row_ends import NEWLINE, RETURN, OpenQuoteError, StrayQuoteError, exact_row_ends, row_ends
from zoo.tables.table import Block

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterator, Sequence

    from zoo.tables.byte_source import ByteSource

_READ = 2**22  # bytes at once


class LinesTable(ABC):
    """A table whose rows are lines.

    The file is gone through once to see where its rows end, which is quick; each block can then be read by itself.
    A derived class sets `schema`, and `_start`, the byte of the first row.

    Args:
        source: the file.
    """

    row_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()
    delimiter: bytes | None = None  # between cells, where a line break in a quoted cell ends no row
    schema: Any

    def __init__(self, source: ByteSource) -> None:
        self.source, self.name = source, source.name
        self.rows: int | None = None
        self._is_exact = False
        head = source.head(2**16)
        self._start = len(codecs.BOM_UTF8) if head.startswith(codecs.BOM_UTF8) else 0
        self._newline = RETURN if b"\r" in head and b"\n" not in head else NEWLINE  # of Macs before 2001

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
        ends = self._ends_of(head[self._start :])
        return head[self._start : self._start + int(ends[-1])] if len(ends) > 1 else self._first_rows(4 * size)

    def _bounds(self, size: int, limit: int | None) -> tuple[list[int], int]:
        """The bytes at which blocks start, and the end of the last; how many rows there are."""
        try:
            return self._counted(size, limit)
        except StrayQuoteError:
            self._is_exact = True
            return self._bounds(size, limit)
        except OpenQuoteError as error:
            raise InputError(
                f"{self.name}: a double quote is opened and not closed, in the row that starts at byte "
                f"{self._start + error.args[0]:,}; close it, or write a quote inside a cell in quotes twice"
            ) from None

    def _counted(self, size: int, limit: int | None) -> tuple[list[int], int]:
        bounds, rows, end = [self._start], 0, self._start
        with readable(self.name), self.source.open() as file:
            file.seek(self._start)
            for found in self._ends(lambda: iter(lambda: file.read(_READ), b"")):
                ends = found if limit is None else found[: limit - rows]
                bounds.extend((self._start + ends[(-rows - 1) % size :: size]).tolist())
                rows += len(ends)
                end = self._start + int(ends[-1]) if len(ends) else end
                if rows == limit:
                    break
        return bounds if bounds[-1] == end else [*bounds, end], rows

    def _ends_of(self, head: bytes) -> Any:
        """The bytes after the whole rows of the file's first bytes."""
        try:
            return np.concatenate(list(self._ends(lambda: iter([head]), complete=False)))
        except StrayQuoteError:
            self._is_exact = True
            return self._ends_of(head)

    def _ends(self, chunks: Callable[[], Iterator[bytes]], *, complete: bool = True) -> Iterator[Any]:
        """See `zoo.tables.row_ends.row_ends`."""
        if self._is_exact and self.delimiter is not None:
            return exact_row_ends(chunks(), self._newline, self.delimiter, complete=complete)
        return row_ends(chunks(), self._newline, self.delimiter, complete=complete)
