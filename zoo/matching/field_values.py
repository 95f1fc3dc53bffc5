"""What two tables hold in one field, made ready to be compared: each different value once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.rows.plain_text import MISSING_WORDS, MissingCells, plain
from zoo.tables.cells import plain_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.matching.arrays import Ints, Reals, Truths


Kind = Literal["text", "long text", "category", "number", "date"]

_PARTED = "\n"  # no plain text has one
LONGEST = 1000  # characters of a cell that are compared
_LONG_TEXT = 12.0  # words of the cells on average
_CATEGORIES, _ROWS_OF_A_CATEGORY = 100, 20
# rows that must hold numbers, and among them fractions; and dates, of which some are mistyped
_NEARLY_ALL, _SOME, _MOST = 0.95, 0.05, 0.8
_FRACTION = re.compile(r"\.\d*[1-9]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_YEAR_FIRST = re.compile(r"(1[5-9]\d\d|20\d\d)[-/.]?(0[1-9]|1[0-2])[-/.]?(0[1-9]|[12]\d|3[01])([T ].*)?")
_YEAR_LAST = re.compile(r"(0?[1-9]|[12]\d|3[01])[-/.](0?[1-9]|[12]\d|3[01])[-/.](1[5-9]\d\d|20\d\d)")


@dataclass(frozen=True)
class Reading:
    """How an encoder reads its fields, which matching follows.

    Attributes:
        kinds: field -> text, category, number or date; of a field that it does not name, the tables' cells say it.
        missing: texts that stand for an empty cell beside "" and marks alone.
    """

    kinds: Mapping[str, Literal["text", "category", "number", "date"]] = field(default_factory=dict)
    missing: Sequence[str] = MISSING_WORDS


@dataclass(frozen=True)
class FieldValues:
    """The values of a field in two tables.

    Attributes:
        name: of the field.
        kind: how its values are compared.
        texts: [values] plain texts, each once; of a number or a date, as it is written.
        numbers: [values] of numbers; [values, 3] day, month and year of dates; None otherwise.
        left: [rows] the value of each row of the first table, -1 where the cell is empty.
        right: the same of the second; the same array where both are one.
        cut: how many different values were longer than what is compared.
        unread: how many cells hold no number although the field does, and count as empty.
    """

    name: str
    kind: Kind
    texts: list[str]
    numbers: Any
    left: Ints
    right: Ints
    cut: int = 0
    unread: int = 0

    @classmethod
    def of_columns(cls, name: str, left: Any, right: Any = None, reading: Reading | None = None) -> FieldValues:
        """Reads a column of each table.

        Args:
            name: of the field.
            left: the first table's column, an Arrow array; of any type that has single cells.
            right: the second's; None where both are one.
            reading: how the encoder reads it; None infers it from the cells.
        """
        import pyarrow as pa

        reading = reading or Reading()

        columns = [plain_texts(each) for each in (left, right) if each is not None]
        coded = pa.chunked_array(columns, pa.large_string()).combine_chunks()
        coded = (coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded).dictionary_encode()
        raw = coded.dictionary.to_pylist()
        nothing = MissingCells(tuple(reading.missing))
        spelt = [plain(text[:LONGEST]) for text in raw]
        codes = coded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        rows = np.bincount(codes, minlength=len(raw)).tolist()
        filled = [each for each in zip(raw, spelt, rows, strict=True) if each[0][:LONGEST] not in nothing]
        kind: Kind = reading.kinds.get(name) or _kind(filled, codes.size)
        if kind == "text" and _is_long(filled):
            kind = "long text"
        as_written = kind in {"number", "date"}
        keys = [text if as_written else key + _rest(text) for text, key in zip(raw, spelt, strict=True)]
        known = np.asarray([text[:LONGEST] not in nothing for text in raw], dtype=bool)
        texts, place = _distinct(keys, known)
        texts = [text.partition(_PARTED)[0] for text in texts]
        values = place[codes] if len(place) else codes
        first = len(columns[0])
        cut = sum(len(text) > LONGEST for text in raw)
        numbers = _dates(texts) if kind == "date" else _numbers(texts) if kind == "number" else None
        unread = 0
        if numbers is not None and kind == "number":  # what is none cannot be compared
            readable = np.append(np.isfinite(numbers), False)[values]
            unread = int((~readable & (values >= 0)).sum())
            values = np.where(readable, values, np.int32(-1))
        side = values[:first]
        return cls(name, kind, texts, numbers, side, side if right is None else values[first:], cut, unread)

    @property
    def is_single_table(self) -> bool:
        """Whether both sides are one table."""
        return self.left is self.right

    def filled(self) -> tuple[float, float]:
        """The share of filled-in cells of each table."""
        return _share(self.left), _share(self.right)


def joined(name: str, fields: Sequence[FieldValues]) -> FieldValues:
    """All texts of some fields of a row as one text."""
    spelt = [np.asarray([*field.texts, ""], dtype=object) for field in fields]  # the last for -1
    texts: dict[str, int] = {"": 0}

    def of(sides: Sequence[Ints]) -> Ints:
        cells = [own[side].tolist() for own, side in zip(spelt, sides, strict=True)]
        found = [texts.setdefault(" ".join(filter(None, row)), len(texts)) for row in zip(*cells, strict=True)]
        return np.asarray(found, np.int32) - 1

    left = of([field.left for field in fields])
    right = left if all(field.is_single_table for field in fields) else of([field.right for field in fields])
    return FieldValues(name, "text", list(texts)[1:], None, left, right)


def _share(values: Ints) -> float:
    return float((values >= 0).mean()) if len(values) else 0.0


def _rest(text: str) -> str:
    """What tells long texts apart that begin alike, behind what is compared of them."""
    if len(text) <= LONGEST:
        return ""
    return _PARTED + hashlib.blake2b(plain(text[LONGEST:]).encode(), digest_size=8).hexdigest()


def _distinct(keys: Sequence[str], known: Truths) -> tuple[list[str], Ints]:
    """The different keys in their order, and which of them each is, -1 for those that are not known."""
    places: dict[str, int] = {}
    found = [places.setdefault(key, len(places)) if there else -1 for key, there in zip(keys, known, strict=True)]
    return list(places), np.asarray(found, np.int32)


def _kind(filled: Sequence[tuple[str, str, int]], rows: int) -> Kind:
    """How a field is compared, by its different cells: as written, plainly spelt, and how many rows have them."""
    total = sum(many for _, _, many in filled)
    if not total:
        return "text"
    if sum(many for text, _, many in filled if _is_date(text)) >= _MOST * total:
        return "date"
    numbers = [(text, many) for text, _, many in filled if _NUMBER.fullmatch(text)]
    # whole numbers are mostly names: of houses, places, accounts, whose digits are mistyped as letters are
    fractions = sum(many for text, many in numbers if _FRACTION.search(text))
    if sum(many for _, many in numbers) >= _NEARLY_ALL * total and fractions >= _SOME * total:
        return "number"
    different = len({key for _, key, _ in filled})
    if different <= _CATEGORIES and different * _ROWS_OF_A_CATEGORY <= rows:
        return "category"
    return "text"


def _is_long(filled: Sequence[tuple[str, str, int]]) -> bool:
    """Whether cells are texts at length, see `_kind`."""
    total = sum(many for _, _, many in filled)
    return total > 0 and sum(many * (key.count(" ") + 1) for _, key, many in filled) / total > _LONG_TEXT


def _is_date(text: str) -> bool:
    return _YEAR_FIRST.fullmatch(text) is not None or _YEAR_LAST.fullmatch(text) is not None


def _dates(texts: Sequence[str]) -> Ints:
    """[values, 3] day, month, year; zeros for what is no date."""
    found = np.zeros((len(texts), 3), np.int32)
    for place, text in enumerate(texts):
        year_first, year_last = _YEAR_FIRST.fullmatch(text), _YEAR_LAST.fullmatch(text)
        if year_first:
            found[place] = [int(year_first[3]), int(year_first[2]), int(year_first[1])]
        elif year_last:
            found[place] = [int(year_last[1]), int(year_last[2]), int(year_last[3])]
    return found


def _numbers(texts: Sequence[str]) -> Reals:
    """[values]; NaN for what is no number."""
    return np.asarray([float(text) if _NUMBER.fullmatch(text) else np.nan for text in texts], np.float64)
