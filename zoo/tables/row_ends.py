"""Where the rows of a text file end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

NEWLINE, RETURN, QUOTE = b"\n"[0], b"\r"[0], b'"'[0]


class StrayQuoteError(Exception):
    """A double quote inside of a cell that is not in quotes: rows cannot be told by counting quotes."""


class OpenQuoteError(Exception):
    """A double quote is opened and not closed; holds the byte of its row."""


def row_ends(
    chunks: Iterator[bytes], newline: int, delimiter: bytes | None = None, *, complete: bool = True
) -> Iterator[Any]:
    """The bytes after the rows, counted from the first chunk, in pieces; empty lines are no rows.

    Args:
        chunks: the file's bytes, or the first of them.
        newline: the byte at the end of a row.
        delimiter: the mark between cells, where line breaks in quoted cells end no row; None where lines are rows.
        complete: whether the chunks are all, so that what is left over at their end is a row.

    Raises:
        StrayQuoteError: see there.
        OpenQuoteError: see there.
    """
    position, start, odd, before = 0, 0, False, newline
    for data in chunks:
        codes = np.frombuffer(data, np.uint8)
        at = np.flatnonzero(codes == newline)
        if delimiter is not None and (odd or b'"' in data):
            quotes = np.flatnonzero(codes == QUOTE)
            _refuse_stray(codes, quotes[odd::2], before, delimiter)
            at = at[(np.searchsorted(quotes, at) + odd) % 2 == 0]
            odd = bool((len(quotes) + odd) % 2)
        lengths = np.diff(np.concatenate([[start - position], at + 1]))
        previous = np.where(at > 0, codes[at - 1], before)
        there = (lengths > 2) | ((lengths == 2) & (previous != RETURN))
        if len(at):
            start = position + int(at[-1]) + 1
        before = data[-1]
        position += len(data)
        yield position - len(data) + at[there] + 1
    if complete and odd:
        raise OpenQuoteError(start)
    if complete and position > start and not (position - start == 1 and before == RETURN):
        yield np.asarray([position])


def exact_row_ends(chunks: Iterator[bytes], newline: int, delimiter: bytes, *, complete: bool = True) -> Iterator[Any]:
    """As `row_ends`, line by line: a quote only opens a cell where the cell starts."""
    mark, end = re.escape(delimiter), bytes([newline])
    whole = re.compile(rb'(^|%s)"(?:[^"]|"")*"(?!")' % mark)
    opened = re.compile(rb'(?:^|%s)"' % mark)
    closing = re.compile(rb'(?:[^"]|"")*"(?!")')
    position, start, is_open, held = 0, 0, False, b""
    for data in chunks:
        lines = (held + data).split(end)
        held = lines.pop()
        ends = []
        for line in lines:
            position += len(line) + 1
            is_open = _is_open(line, is_open, whole, opened, closing)
            if not is_open:
                if position - start > 1 and line.strip(b"\r"):
                    ends.append(position)
                start = position
        yield np.asarray(ends, dtype=np.int64)
    if complete and _is_open(held, is_open, whole, opened, closing):
        raise OpenQuoteError(start)
    if complete and held.strip(b"\r"):
        yield np.asarray([position + len(held)])


def _is_open(
    line: bytes, is_open: bool, whole: re.Pattern[bytes], opened: re.Pattern[bytes], closing: re.Pattern[bytes]
) -> bool:
    """Whether a quoted cell goes on after a line."""
    if is_open:
        closed = closing.match(line)
        if closed is None:
            return True
        line = b"x" + line[closed.end() :]
    return b'"' in line and opened.search(whole.sub(rb"\1", line)) is not None


def _refuse_stray(codes: Any, opening: Any, before: int, delimiter: bytes) -> None:
    """Raises StrayQuoteError unless every opening quote stands where a cell starts, or doubles the one before it."""
    previous = np.where(opening > 0, codes[opening - 1], before)
    if not np.isin(previous, [NEWLINE, RETURN, QUOTE, *delimiter]).all():
        raise StrayQuoteError
