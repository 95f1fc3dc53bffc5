"""word2vec's, GloVe's and fastText's text format."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from zoo.data.readers._table import Table
from zoo.data.readers._word2vec import load_every_row, open_plain
from zoo.errors import InputError
from zoo.tables.files import readable

if TYPE_CHECKING:
    from pathlib import Path

_LONGEST_LINE = 2**22  # bytes read at once of a file that may not be text at all
_PLAIN = (".txt", ".vec", ".w2v", ".glove")


class TextVectors:
    """Reads text vectors: a key and `width` numbers a line, with one space between any two.

    The first line may be "rows width" (word2vec, fastText) or already a row (GloVe).
    """

    suffixes: ClassVar[tuple[str, ...]] = (*_PLAIN, *(f"{suffix}.gz" for suffix in _PLAIN))

    def read(self, path: Path, limit: int | None = None) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: a line (its number is named) that is not a key and `width` numbers in UTF-8, or a file that
                ends too early.
        """
        with readable(path):
            header = _header(path)
            wanted = limit if header is None else min(header[0], limit or header[0])
            if header is not None and not _may_hold(path, wanted or 0, header[1]):
                raise _fault(path, header, wanted, "it is too small")
            try:
                keys, vectors = load_every_row(path, wanted, binary=False, no_header=header is None)
            except (ValueError, EOFError) as error:
                raise _fault(path, header, wanted, str(error)) from error
        available = len(keys) if limit is None or len(keys) < limit else None
        return Table(keys, vectors, available=available if header is None else header[0])


def _header(path: Path) -> tuple[int, int] | None:
    """Rows and width where the first line states them, else None."""
    with open_plain(path) as file:
        first, second = file.readline(_LONGEST_LINE).split(), file.readline(_LONGEST_LINE).split()
    if not first and not second:
        raise InputError(f"{path}: the file holds no vectors; download or export it again")
    if len(first) != 2 or not all(token.isdigit() for token in first):
        return None
    rows, width = int(first[0]), int(first[1])
    # "7 1" above "8 0": whole numbers as keys of a table one number wide.
    return None if len(second) == 2 and width != 1 else (rows, width)


def _may_hold(path: Path, rows: int, width: int) -> bool:
    """Whether the file is long enough, before gensim sets memory aside for what a damaged header promises."""
    return path.name.lower().endswith(".gz") or path.stat().st_size >= rows * width * 2


def _fault(path: Path, header: tuple[int, int] | None, wanted: int | None, reason: str) -> InputError:
    """Finds the first line that is wrong; only called once gensim has given up."""
    start = 0 if header is None else 1
    width = None if header is None else header[1]
    done = 0
    with open_plain(path) as file:
        stop = None if wanted is None else wanted + start
        for number, line in enumerate(islice(file, start, stop), start=start + 1):
            width, fault = _line_fault(line, width)
            if fault:
                return InputError(f"{path}, line {number}: {fault}")
            done += 1
    if header is not None and wanted is not None and done < wanted:
        return InputError(
            f"{path}: its first line promises {header[0]:,} vectors, but the file ends after {done:,}; it is cut off, "
            "download it again (or correct its first line)"
        )
    return InputError(f"{path}: gensim cannot read it ({reason}); expected a key and its numbers on each line")


def _line_fault(line: bytes, width: int | None) -> tuple[int, str]:
    """The width that is expected from here on, and what is wrong with the line (nothing: an empty text)."""
    stripped = line.rstrip()
    if not stripped:
        return width or 0, "the line is empty; delete it"
    try:
        cells = stripped.decode().split(" ")[1:]
    except UnicodeDecodeError as error:
        bad = stripped[error.start : error.start + 4]
        return width or 0, (
            f"byte {error.start} is not UTF-8 ({bad!r}); convert the file to UTF-8, or, if it is not text at all: "
            "word2vec binary must end in .bin, gensim's own format in .kv or .model"
        )
    expected = len(cells) if width is None else width
    if len(cells) != expected:
        return expected, (
            f"{len(cells)} numbers after the key, expected {expected}; numbers are separated by one space, and a key "
            "holds none: correct or delete the line"
        )
    for place, cell in enumerate(cells, start=1):
        try:
            float(cell)
        except ValueError:
            return expected, f"number {place} of {expected} is {cell[:40]!r}; correct or delete the line"
    return expected, ""
