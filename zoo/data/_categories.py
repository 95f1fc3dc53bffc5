"""From the cells of a column to a field of one-hot columns."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._cells import MISSING, OTHER, text_of, unique_texts
from zoo.rows.cell_texts import CellTexts
from zoo.rows.field import Field
from zoo.tables.arrow_types import is_list, is_numeric
from zoo.tables.words import count

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.rows.cell_texts import ReadingRules
    from zoo.types import Rows

_RESERVED = (MISSING, OTHER)
_FIRST = len(_RESERVED)  # column of a field's first category
_PLAIN = re.compile(r"-?(0|[1-9][0-9]{0,14})([.][0-9]+)?")  # a number that is not a code such as 007
_LARGEST = 2**53  # beyond it float64 does not tell whole numbers apart


@dataclass(frozen=True)
class LearntField:
    """A column as categories.

    Attributes:
        field: how its cells are read.
        codes: [rows] which of the field's columns each row has.
        notes: what is odd about it.
    """

    field: Field
    codes: Rows
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Read:
    """The different cells of a column as the encoder's graph reads them.

    Attributes:
        cells: [u] strings, "" last.
        texts: [u] as they are looked up.
        numbers: [u] float64, NaN where a cell is none.
        valued: [u] whether a cell holds a value: it is not missing, nor a word that programs write for that.
        missing: [u] whether it is missing.
        seen: [u] how many training rows have it.
    """

    cells: list[str]
    texts: list[str]
    numbers: npt.NDArray[np.float64]
    valued: npt.NDArray[np.bool_]
    missing: npt.NDArray[np.bool_]
    seen: Rows


@dataclass(frozen=True)
class Categoriser:
    """Learns a field's categories from the training rows, reading cells as a served encoder does: in its graph.

    Attributes:
        where: the file or data set, for messages.
        train: [n_train] row numbers.
        min_frequency: a category that fewer training rows have counts as `OTHER`.
        most: categories that a field may have.
        rules: how cells are read.
    """

    where: str
    train: Rows
    min_frequency: int
    most: int
    rules: ReadingRules

    def learn(self, column: Any, name: str, bins: int | None) -> LearntField:
        """Makes a field of a column.

        Args:
            column: a `pyarrow.Array` [rows].
            name: its name.
            bins: cut its numbers into so many intervals; None takes each value as a category.

        Raises:
            InputError: no cell has a value, too many categories, or text where there are numbers to cut.
        """
        if is_list(column.type):
            raise InputError(
                f"{self.where}: column '{name}' is of type {column.type}, and a cell must hold one category; leave it "
                "out with data.columns=, or read lists of items with zoo.data.Baskets"
            )
        texts, places = unique_texts(column)
        read = self._read(texts, places)
        if bins is not None:
            self._require_numbers(read, places, name)
        if read.missing[places].all():
            raise InputError(
                f"{self.where}: column '{name}' has no value in any row; leave it out: name the others with "
                "data.columns="
            )
        if bins is not None:
            field = self._intervals(read, places, bins)
        elif _holds_numbers(column, read):
            field = self._numbers(read)
        else:
            field = self._texts(read)
        self._refuse_many(len(field.names) - _FIRST, name)
        codes = self._look_up(field, read.cells)[places]
        return LearntField(field, codes, self._notes(field, codes, name))

    def _read(self, texts: list[str], places: Rows) -> _Read:
        cells = [*texts, ""]  # place -1
        read = CellTexts(import_tensorflow().constant(cells, "string"), self.rules)
        is_number, missing = np.asarray(read.is_number), np.asarray(read.is_missing)
        numbers = np.where(is_number, read.number, np.nan)
        missing = missing | (is_number & np.isin(numbers, self.rules.missing_numbers))
        seen = np.bincount(places[self.train] % len(cells), minlength=len(cells))
        looked_up = [text.decode() for text in np.asarray(read.text)]
        return _Read(cells, looked_up, numbers, ~(missing | np.asarray(read.is_null)), missing, seen)

    def _look_up(self, field: Field, cells: list[str]) -> Rows:
        tensor = import_tensorflow().constant(cells, "string")
        found: Rows = np.asarray(field.look_up(CellTexts(tensor, self.rules)), dtype=np.int64)
        return found

    def _texts(self, read: _Read) -> Field:
        """The texts that enough training rows have; a word such as "na" may be one of them."""
        seen: dict[str, int] = {}
        for text, missing, times in zip(read.texts, read.missing, read.seen, strict=True):
            if not missing and text != OTHER:  # a cell may hold the very name that stands for other categories
                seen[text] = seen.get(text, 0) + int(times)
        common = sorted(text for text, times in seen.items() if times >= self.min_frequency)
        return Field((*_RESERVED, *common))

    def _numbers(self, read: _Read) -> Field:
        """The numbers that enough training rows have."""
        chosen = read.valued & ~np.isnan(read.numbers)
        values, place = np.unique(read.numbers[chosen], return_inverse=True)
        seen = np.bincount(place, read.seen[chosen], minlength=len(values))
        return Field((*_RESERVED, *sorted(text_of(each) for each in values[seen >= self.min_frequency])), "number")

    def _intervals(self, read: _Read, places: Rows, bins: int) -> Field:
        """The intervals between the quantiles of the training rows."""
        values = np.where(read.missing, np.nan, read.numbers)
        known = values[places[self.train]]
        known = known[np.isfinite(known)]
        cuts = np.empty(0)
        if known.size:
            cuts = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
            cuts = cuts[cuts > known.min()]
        there = ~np.isnan(values)
        intervals = np.searchsorted(cuts, values[there], side="right")
        seen = np.bincount(intervals, read.seen[there], minlength=len(cuts) + 1)
        return Field.of_intervals(cuts.tolist(), (seen >= self.min_frequency).tolist())

    def _require_numbers(self, read: _Read, places: Rows, name: str) -> None:
        wrong = np.flatnonzero((read.valued & np.isnan(read.numbers))[places])
        if wrong.size:
            cell = read.cells[places[wrong[0]]]
            raise InputError(
                f"{self.where}: column '{name}', row {wrong[0]} (from 0): {cell!r} is not a number; repair it, list it "
                f"in data.missing=, or take data.bins.{name} away"
            )

    def _refuse_many(self, found: int, name: str) -> None:
        if found > self.most:
            raise InputError(
                f"{self.where}: column '{name}' has {found:,} categories that at least {self.min_frequency:,} of the "
                f"training rows have, more than data.max_categories={self.most:,}; leave the column out with "
                f"data.columns=, raise data.min_frequency, cut it with data.bins.{name}=10 if it holds numbers, or "
                "raise data.max_categories"
            )

    def _notes(self, field: Field, codes: Rows, name: str) -> tuple[str, ...]:
        counts = np.bincount(codes[self.train], minlength=len(field.names))
        present = np.flatnonzero(counts)
        if len(field.names) == _FIRST:
            return (
                f"Column '{name}' has no category that {count(self.min_frequency, 'training row')} or more share "
                "(data.min_frequency), so it only says whether a cell is empty.",
            )
        if present.size == 1:
            return (f"Column '{name}' is {field.names[present[0]]!r} in every training row, so it carries nothing.",)
        return ()


def _holds_numbers(column: Any, read: _Read) -> bool:
    """Whether a column's values are numbers, by its type or as they are written; codes such as 007 are text."""
    import pyarrow as pa

    values = np.flatnonzero(read.valued & (read.seen > 0))
    numbers = read.numbers[values]
    if not values.size or not (np.abs(numbers) < _LARGEST).all():
        return False
    if is_numeric(column.type):
        return not pa.types.is_boolean(column.type)
    return all(_PLAIN.fullmatch(read.cells[place].strip()) for place in values)
