"""What the columns of a table of records hold."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError
from zoo.rows._cells import OTHER, unique_texts
from zoo.rows.number_marks import is_written
from zoo.rows.plain_text import MissingCells, plain
from zoo.rows.typed_field import (
    DATE_COLUMNS,
    EIGHT_DIGITS,
    LETTERS,
    MOST_CHARACTERS,
    READS,
    YEAR_ALONE,
    YEARS_FIRST,
    YEARS_LAST,
    TypedField,
)
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zoo.types import Doubles, Rows

_NEARLY_ALL, _SOME = 0.9, 0.05
_MOST_CATEGORIES, _ROWS_OF_ONE = 100, 20  # categories of a column, and rows that one of them has on average
_QUANTILES = 32
_SEVERAL_WORDS = 3  # of a cell on average: from here on a word is more than its characters
_HOW = re.IGNORECASE | re.ASCII  # digits of other scripts are no numbers in the graph either
_DATES = tuple((re.compile(way, _HOW), year) for way, year in ((YEARS_FIRST, 0), (EIGHT_DIGITS, 0), (YEARS_LAST, 2)))
_YEAR = re.compile(YEAR_ALONE, _HOW)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", _HOW)


@dataclass(frozen=True)
class Texts:
    """What the columns of a field of text are of, and how many there are."""

    by: Literal["runs", "letters"]
    buckets: int


@dataclass(frozen=True)
class Column:
    """The different texts of a column in the training rows that say something, as they are, and how often each is."""

    texts: list[str]
    seen: Rows
    rows: int

    @property
    def filled(self) -> int:
        return int(self.seen.sum())

    def share(self, holds: Iterable[bool]) -> float:
        """Of the cells that say something, how many have a property [texts]."""
        return float((self.seen * np.asarray(list(holds), dtype=bool)).sum() / max(self.filled, 1))


def typed_fields(
    table: Any,
    names: Sequence[str],
    train: Rows,
    missing: Sequence[str],
    given: Mapping[str, str],
    as_text: Texts,
    min_frequency: int,
    where: str,
) -> tuple[dict[str, TypedField], list[str]]:
    """Learns from the training rows how each column is to be read.

    Args:
        table: a `pyarrow.Table`.
        names: the columns.
        train: [n_train] row numbers.
        missing: what stands for a missing cell.
        given: column -> what it holds, where the user said so.
        as_text: how texts are read.
        min_frequency: rows that a category needs.
        where: the table's name, for messages.

    Returns:
        The fields, and what their owner would want to know.

    Raises:
        InputError: no column says anything, or one was said to hold what is not there.
    """
    nothing, fields, notes = MissingCells(tuple(missing)), {}, []
    empty = []
    for name in names:
        column = column_of_cells(table.column(name), train, nothing)
        if not column.filled:
            empty.append(name)
            continue
        reads = given.get(name) or _reads(column)
        fields[name] = field_of(column, reads, as_text, min_frequency, f"{where}: column '{name}'")
        notes += [*_warnings(name, column, reads), *unread(name, column, reads)]
    if empty:
        notes.insert(0, f"Left out {count(len(empty), 'column')} that say nothing in any training row: {some(empty)}.")
    if not fields:
        raise InputError(f"{where}: no column says anything in the training rows; columns: {', '.join(names)}")
    held = ", ".join(f"{name} {field.reads} ({field.evidence:.1f} nats)" for name, field in fields.items())
    notes.insert(0, f"Read as: {held}; change it with data.reads.NAME=text, category, number or date.")
    return fields, notes


def column_of_cells(cells: Any, train: Rows, nothing: MissingCells) -> Column:
    """What the training rows hold of an Arrow column."""
    texts, codes = unique_texts(cells)
    own = codes[train]
    seen = np.bincount(own[own >= 0], minlength=len(texts))
    kept = [place for place in np.flatnonzero(seen).tolist() if texts[place] not in nothing]
    return Column([texts[place].strip() for place in kept], seen[kept].astype(np.int64), len(train))


def _reads(column: Column) -> str:
    """What a column holds, as far as its cells tell."""
    if column.share(map(is_date, column.texts)) >= _NEARLY_ALL:
        return "date"
    numbers = [number_in(text) for text in column.texts]
    if column.share(number is not None for number in numbers) >= _NEARLY_ALL:
        parts = column.share(number is not None and number != int(number) for number in numbers)
        if parts >= _SOME and len(set(numbers) - {None}) > 1:  # one number alone has no scale
            return "number"
    few = len({plain(text) for text in column.texts})
    common = [plain(text) for text, seen in zip(column.texts, column.seen, strict=True) if seen >= _ROWS_OF_ONE]
    in_common = column.share(plain(text) in set(common) for text in column.texts)
    return "category" if few <= _MOST_CATEGORIES and few * _ROWS_OF_ONE <= column.filled and in_common > 0.5 else "text"


def is_date(text: str) -> bool:
    """Whether a text is a date of a day that there may be, day and month in either order."""
    for way, place in _DATES:
        if found := way.fullmatch(text):
            numbers = [int(each) for each in found.groups()[:3]]
            year = numbers.pop(place)
            return 1000 < year < 2200 and 0 < min(numbers) <= 12 and max(numbers) <= 31
    return False


def is_dated(text: str) -> bool:
    """Whether a year at least is read from a text."""
    return any(way.fullmatch(text) for way, _ in _DATES) or _YEAR.fullmatch(text) is not None


def number_in(text: str) -> float | None:
    """The finite number that a text is, as the graph reads it; None for anything else."""
    if not _NUMBER.fullmatch(text):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def field_of(column: Column, reads: str, as_text: Texts, min_frequency: int, what: str) -> TypedField:
    """How the cells of a column are read.

    Raises:
        InputError: it was said to hold what is not there.
    """
    if reads not in READS:
        raise InputError(f"{what}: data.reads says {reads!r}; it is one of {', '.join(READS)}")
    if reads == "number":
        return _numbers(column, what)
    if reads == "date" and not column.share(map(is_dated, column.texts)):
        raise InputError(f"{what}: it holds no date that can be read; take data.reads with text, or leave it out")
    evidence = _evidence([plain(text) for text in column.texts], column.seen)
    if reads == "category":
        counts: dict[str, int] = {}
        for text, seen in zip(column.texts, column.seen.tolist(), strict=True):
            counts[plain(text)] = counts.get(plain(text), 0) + seen
        names = (OTHER, *sorted(name for name, seen in counts.items() if seen >= min_frequency))
        return TypedField("category", len(names), evidence, names)
    if reads == "date":
        return TypedField("date", DATE_COLUMNS, evidence)
    if as_text.by == "letters":
        return TypedField("text", max(as_text.buckets // LETTERS, 1) * LETTERS, evidence, by="letters")
    words = (column.seen * [len(plain(text).split()) for text in column.texts]).sum() / max(column.filled, 1)
    return TypedField("text", as_text.buckets, evidence, has_words=bool(words >= _SEVERAL_WORDS))


def _numbers(column: Column, what: str) -> TypedField:
    numbers = np.asarray([math.nan if (n := number_in(text)) is None else n for text in column.texts])
    there = np.isfinite(numbers)
    values = np.repeat(numbers[there], column.seen[there])
    cuts = np.unique(np.quantile(values, np.linspace(0, 1, _QUANTILES))) if values.size else values
    if cuts.size < 2:
        raise InputError(f"{what}: it holds no two different numbers; take data.reads with text, or leave it out")
    places = np.searchsorted(cuts, values)
    evidence = _evidence([str(each) for each in places.tolist()], np.ones(len(places), np.int64))
    return TypedField("number", int(cuts.size), evidence, cuts=tuple(cuts.tolist()))


def _is_written_number(text: str) -> bool:
    """Whether a text is a number to people, and none to records: with a comma, a unit of money or the like."""
    return number_in(text) is None and (is_written(text, "comma") or is_written(text, "point"))


def _evidence(texts: Sequence[str], seen: Rows) -> float:
    """-log of the chance that two filled cells of different rows are equal, in nats."""
    numbers = np.unique(np.asarray(texts, dtype=object).astype(str), return_inverse=True)[1]
    counts: Doubles = np.bincount(numbers, seen).astype(np.float64)
    total = counts.sum()
    equal = (counts * (counts - 1)).sum() / max(total * (total - 1), 1.0)
    return float(-math.log(max(equal, 1.0 / max(total, 2.0))) + 1e-3)


def unread(name: str, column: Column, reads: str) -> list[str]:
    """What of a column says nothing although it is filled in, or is read in part."""
    notes = []
    can_be_read = {"number": lambda text: number_in(text) is not None, "date": is_dated}
    if reads in can_be_read:
        unread = column.filled - round(column.share(map(can_be_read[reads], column.texts)) * column.filled)
        if unread:
            odd = next(text for text in column.texts if not can_be_read[reads](text))
            notes.append(
                f"Column '{name}': {count(unread, 'filled-in cell')} of the training rows cannot be read as a {reads}, "
                f"such as {odd[:40]!r}, and say nothing; data.reads.{name}=text reads them."
            )
    long = int(column.seen[[len(text) > MOST_CHARACTERS for text in column.texts]].sum())
    if long and reads in {"text", "category"}:
        notes.append(
            f"Column '{name}': of {count(long, 'cell')} of the training rows the first {MOST_CHARACTERS} characters "
            "are read."
        )
    return notes


def _warnings(name: str, column: Column, reads: str) -> list[str]:
    notes = []
    if reads != "number" and column.share(map(_is_written_number, column.texts)) >= _NEARLY_ALL:
        odd = next(text for text in column.texts if _is_written_number(text))
        notes.append(
            f"Column '{name}' is read as {reads}, and its cells look like numbers, such as {odd[:40]!r}: records read "
            "them with a point before the fraction and nothing else; write them so, and data.reads."
            f"{name}=number compares them by size."
        )
    if column.filled < column.rows / 2:
        notes.append(
            f"Column '{name}' is empty in {100 * (1 - column.filled / column.rows):.0f}% of the training rows; leave "
            f"it out with data.drop=[{name}] and compare."
        )
    if len(column.texts) > 0.98 * column.filled and column.filled > _ROWS_OF_ONE:
        notes.append(f"Nearly every cell of column '{name}' is its own: if it numbers the rows, data.drop=[{name}].")
    return notes
