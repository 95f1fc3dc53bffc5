"""A field of a record that holds a text, a category, a number or a date: which columns a cell has."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import OTHER, hash_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.rows.cell_texts import CellTexts

READS = ("text", "category", "number", "date")
MOST_CHARACTERS = 512  # of a cell that are read: a text of a million would take the memory of a thousand records

_BLANK = 32
_WORD = 2.0  # what a word counts, beside 1 for a run of characters
_PRIME = 2**31 - 1  # Mersenne's; below it, times Knuth's multiplier, a number still fits into 63 bits
_KNUTH, _TOP_BITS = 2_654_435_761, 20
# A date is its three numbers, parted, or eight digits; behind it there may be a time. RE2's and re's, of ASCII digits.
YEARS_FIRST = r"^(\d{4})[-/. ](\d{1,2})[-/. ](\d{1,2})([t ].*)?$"
EIGHT_DIGITS = r"^(\d{4})(\d{2})(\d{2})$"
YEARS_LAST = r"^(\d{1,2})[-/. ](\d{1,2})[-/. ](\d{4})([t ].*)?$"
YEAR_ALONE = r"^(\d{4})([-/.]\d{1,2})?$"
_MONTHS, _MIDDLE = 12, 7
_DECADES, _YEARS, _DAYS = 300, 100, 32  # of the calendar from year 0; days and months share their columns
LETTERS = 128  # columns of each place of a text that is read letter by letter
_ASCII, _OTHERS = 96, 32  # of these, from the blank on, and what is shared by the letters of all other alphabets
DATE_COLUMNS = _DECADES + _YEARS + 10 + _DAYS + _DAYS * _DAYS


@dataclass(frozen=True)
class PlainCells:
    """Cells of one column [n], tensors.

    Attributes:
        read: as they come, for numbers and dates.
        characters: of their plain spelling, blanks not yet joined: a `tf.RaggedTensor` [n, characters].
        plain: their plain spelling.
        is_missing: whether they say nothing.
    """

    read: CellTexts
    characters: Any
    plain: Any
    is_missing: Any


@dataclass(frozen=True)
class TypedField:
    """How the cells of one column are read. A cell that says nothing has no item: it is no evidence for anything.

    text: its runs of two and three characters within words, plainly spelt (`zoo.rows.plain_text`), each in a column
    that a hash decides; of texts of several words, each word too, which counts twice, so that it weighs about as much
    as its runs do; or, `by` letters, what stands at each of its first places, as many as there is room for. category:
    one column; `names[0]` stands for any that was rare or is new. number: its place among the quantiles `cuts`, shared
    between the two columns nearest to it, so that near numbers share columns. date: columns for its decade, its year
    within the century, and for the two numbers that are day and month, whichever is which, one by one and as a pair.

    Attributes:
        reads: what a cell is taken for.
        columns: how many columns the field has.
        evidence: nats that two records gain by agreeing: -log of the chance that two records agree by accident.
        names: of categories, plainly spelt.
        cuts: [columns] ascending numbers, for `number`.
        has_words: whether words of a text count too.
        by: what the columns of a text are of.
    """

    reads: Literal["text", "category", "number", "date"]
    columns: int
    evidence: float = 1.0
    names: tuple[str, ...] = ()
    cuts: tuple[float, ...] = ()
    has_words: bool = False
    by: Literal["runs", "letters"] = "runs"

    def items(self, cells: PlainCells) -> tuple[Any, Any]:
        """Columns [n, items] int32, -1 where there is no more, and what each counts [n, items]; runs in the graph.

        Args:
            cells: [n], read.
        """
        tf = import_tensorflow()
        columns, values = getattr(self, f"_of_{self.reads}")(cells)
        columns = tf.where(cells.is_missing[:, None], -1, tf.cast(columns, tf.int32))
        return columns, tf.where(columns >= 0, tf.cast(values, tf.float32), 0.0)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same field of, JSON-ready."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TypedField:
        """The field of a configuration."""
        return cls(**{**config, "names": tuple(config["names"]), "cuts": tuple(config["cuts"])})

    @property
    def tables(self) -> list[Any]:
        """The look-up table that `items` has made, which an exported model must keep."""
        return [self._table] if "_table" in self.__dict__ else []

    def _of_text(self, cells: PlainCells) -> tuple[Any, Any]:
        if self.by == "letters":
            return self._of_letters(cells)
        tf = import_tensorflow()
        read = cells.characters.to_tensor(_BLANK)
        letters = tf.cast(tf.pad(read, [[0, 0], [1, 1]], constant_values=_BLANK), tf.int64)
        before, middle, after = letters[:, :-2], letters[:, 1:-1], letters[:, 2:]
        pairs, threes = letters[:, :-1] * 1_000_003 + letters[:, 1:], (before * 1_000_003 + middle) * 1_009 + after
        is_pair = (letters[:, :-1] != _BLANK) | (letters[:, 1:] != _BLANK)
        columns = tf.concat([self._hashed(pairs, is_pair), self._hashed(threes + 1, middle != _BLANK)], axis=1)
        values = tf.ones_like(columns, tf.float32)
        if not self.has_words:
            return columns, values
        words = tf.strings.split(cells.plain).to_tensor("")
        hashed = tf.where(words == "", tf.constant(-1, tf.int64), tf.strings.to_hash_bucket_fast(words, self.columns))
        return tf.concat([columns, hashed], axis=1), tf.concat([values, tf.fill(tf.shape(hashed), _WORD)], axis=1)

    def _of_letters(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        letters = tf.strings.unicode_decode(cells.plain, "UTF-8")[:, : self.columns // LETTERS].to_tensor(-1)
        own = tf.where(letters < _BLANK + _ASCII, letters - _BLANK, _ASCII + letters % _OTHERS)
        columns = tf.where(letters >= 0, tf.range(tf.shape(letters)[1]) * LETTERS + own, -1)
        return columns, tf.ones_like(columns, tf.float32)

    def _hashed(self, numbers: Any, there: Any) -> Any:
        tf = import_tensorflow()
        mixed = tf.bitwise.right_shift((numbers % _PRIME) * _KNUTH, _TOP_BITS)
        return tf.where(there, mixed % self.columns, -1)

    def _of_category(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        columns = self._table.lookup(cells.plain)[:, None]
        return columns, tf.ones_like(columns, tf.float32)

    def _of_number(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        cuts = tf.constant(self.cuts, tf.float64)
        number = tf.clip_by_value(cells.read.number, cuts[0], cuts[-1])
        below = tf.clip_by_value(tf.searchsorted(cuts, number, side="right") - 1, 0, self.columns - 2)
        low, high = tf.gather(cuts, below), tf.gather(cuts, below + 1)
        share = tf.clip_by_value((number - low) / (high - low), 0.0, 1.0)
        columns = tf.where(cells.read.is_number[:, None], tf.stack([below, below + 1], axis=1), -1)
        return columns, tf.stack([1.0 - share, share], axis=1)

    def _of_date(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        year, one, two = _parts_of_date(cells.read.text)
        low, high = tf.minimum(one, two), tf.maximum(one, two)
        starts = np.cumsum([0, _DECADES, _YEARS, 10, _DAYS])
        numbers = [year // 10 % _DECADES, year % _YEARS, year % 10, low, high, low * _DAYS + high]
        columns = [start + number for start, number in zip([*starts[:4], *starts[3:]], numbers, strict=True)]
        there = [year > 0, year > 0, year > 0, low > 0, high > 0, low > 0]
        found = tf.stack([tf.where(is_there, each, -1) for each, is_there in zip(columns, there, strict=True)], axis=1)
        return found, tf.ones_like(found, tf.float32)

    @cached_property
    def _table(self) -> Any:
        return hash_table([OTHER, *self.names[1:]], list(range(len(self.names))), default=0)


def _parts_of_date(texts: Any) -> tuple[Any, Any, Any]:
    """Year, and the two other numbers as they come, each [n] int32 and 0 where a text has none."""
    tf = import_tensorflow()

    def numbers(pattern: str, place: int) -> Any:
        found = tf.strings.regex_full_match(texts, pattern)
        text = tf.strings.regex_replace(texts, pattern, rf"\{place}")
        return tf.where(found, tf.strings.to_number(tf.where(found, text, "0"), tf.int32), 0)

    ways = ((YEARS_FIRST, (1, 2, 3)), (EIGHT_DIGITS, (1, 2, 3)), (YEARS_LAST, (3, 1, 2)))
    # a text is read in one way at most, and all others give 0
    parts = [tf.add_n([numbers(way, places[part]) for way, places in ways]) for part in range(3)]
    year = tf.where(parts[0] > 0, parts[0], numbers(YEAR_ALONE, 1))
    is_date = (parts[1] < _DAYS) & (parts[2] < _DAYS)
    return year, *(tf.where(is_date, part, 0) for part in parts[1:])


def days_of_dates(texts: Any, day_first: bool) -> tuple[Any, Any]:
    """Days since 1970-01-01 [n] float64 of texts [n], and which are dates; runs in the graph.

    A year alone, or with a month, counts as its first of July.

    Args:
        texts: strings, lower case.
        day_first: whether of 1/2/2020 the day comes first.

    Reference:
        Howard Hinnant, "chrono-compatible low-level date algorithms", `days_from_civil`.
    """
    tf = import_tensorflow()
    year, one, two = _parts_of_date(texts)
    years_last = tf.strings.regex_full_match(texts, YEARS_LAST)
    turned = years_last & (two <= _MONTHS) if day_first else years_last & (one > _MONTHS)
    month, day = tf.where(turned, two, one), tf.where(turned, one, two)
    is_date = (year > 0) & (month <= _MONTHS)
    month, day = tf.where(is_date & (month > 0), month, _MIDDLE), tf.maximum(day, 1)
    shifted = tf.cast(tf.where(month <= 2, year - 1, year), tf.int64)
    era = shifted // 400
    of_era = shifted - era * 400
    of_year = (153 * tf.cast((month + 9) % 12, tf.int64) + 2) // 5 + tf.cast(day, tf.int64) - 1
    days = era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468
    return tf.cast(days, tf.float64), is_date
