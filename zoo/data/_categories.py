"""From the cells of a column to a field of one-hot columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

# What a served encoder does to a cell, so that training and serving read the same cell alike.
from zoo.rows._cells import MISSING, OTHER, text_of, tidied
from zoo.tables.arrow_types import is_list
from zoo.tables.read_table import numbers_of
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Collection

    import numpy.typing as npt

    from zoo.types import Rows

_MISSING, _OTHER, _FIRST = 0, 1, 2  # columns of a field


@dataclass(frozen=True)
class Field:
    """A column as categories.

    Attributes:
        names: of the one-hot columns: `MISSING`, `OTHER`, then the categories.
        codes: [rows] which of them each row has.
        notes: what is odd about it.
    """

    names: tuple[str, ...]
    codes: Rows
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Categoriser:
    """Learns a field's categories from the training rows.

    Attributes:
        where: the file or data set, for messages.
        train: [n_train] row numbers.
        rare: a category that fewer training rows have counts as `OTHER`.
        most: categories that a field may have.
        normalise: whether to strip, lower-case, and collapse white space.
        missing: strings that stand for a missing cell, beside "".
    """

    where: str
    train: Rows
    rare: int
    most: int
    normalise: bool
    missing: Collection[str]

    def field(self, column: Any, name: str, bins: int | None) -> Field:
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
        if bins is None:
            texts, codes = self._texts(column)
        else:
            texts, codes = self._intervals(column, name, bins)
        if not (codes >= 0).any():
            raise InputError(
                f"{self.where}: column '{name}' has no value in any row; leave it out: name the others with "
                "data.columns="
            )
        seen = np.bincount(codes[self.train][codes[self.train] >= 0], minlength=len(texts))
        # A cell may hold the very name that stands for other categories; it then counts as one of them.
        named = np.asarray([text != OTHER for text in texts], dtype=bool)
        common = np.flatnonzero((seen >= self.rare) & named)
        self._refuse_many(len(common), name)
        order = common if bins is not None else np.asarray(sorted(common, key=texts.__getitem__), dtype=np.int64)
        column_of = np.full(len(texts) + 1, _OTHER, dtype=np.int64)
        column_of[order] = np.arange(_FIRST, _FIRST + len(order))
        column_of[-1] = _MISSING  # code -1
        field = Field((MISSING, OTHER, *(texts[code] for code in order)), column_of[codes])
        return Field(field.names, field.codes, self._notes(field, name))

    def _texts(self, column: Any) -> tuple[list[str], Rows]:
        """The different texts of a column, and which one each row has; -1 for none."""
        uniques, codes = _factorised(column)
        tidy = tidied if self.normalise else str
        none = {"", MISSING, *(text.strip() for text in self.missing), *(tidy(text) for text in self.missing)}
        places: dict[str, int] = {}
        place_of = np.full(len(uniques) + 1, -1, dtype=np.int64)
        for number, value in enumerate(uniques):
            raw = text_of(value)
            text = tidy(raw)
            if raw.strip() not in none and text not in none:
                place_of[number] = places.setdefault(text, len(places))
        return list(places), place_of[codes]

    def _intervals(self, column: Any, name: str, bins: int) -> tuple[list[str], Rows]:
        """The intervals between the quantiles of the training rows, and which one each row is in; -1 for none."""
        advice = f"repair it, list it in data.missing=, or take data.bins.{name} away"
        values = numbers_of(column, name, self.where, advice, self.missing).astype(np.float64)
        known = values[self.train][np.isfinite(values[self.train])]
        cuts = np.empty(0)
        if known.size:
            cuts = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
            cuts = cuts[cuts > known.min()]
        codes = np.searchsorted(cuts, values, side="right").astype(np.int64)
        codes[np.isnan(values)] = -1
        return _interval_names(cuts), codes

    def _refuse_many(self, found: int, name: str) -> None:
        if found > self.most:
            raise InputError(
                f"{self.where}: column '{name}' has {found:,} categories that at least {self.rare:,} of the training "
                f"rows have, more than data.max_categories={self.most:,}; leave the column out with data.columns=, "
                f"raise data.rare, cut it with data.bins.{name}=10 if it holds numbers, or raise data.max_categories"
            )

    def _notes(self, field: Field, name: str) -> tuple[str, ...]:
        counts = np.bincount(field.codes[self.train], minlength=len(field.names))
        present = np.flatnonzero(counts)
        if len(field.names) == _FIRST:
            return (
                f"Column '{name}' has no category that {count(self.rare, 'training row')} or more share (data.rare), "
                f"so it only says whether a cell is empty.",
            )
        if present.size == 1:
            return (f"Column '{name}' is {field.names[present[0]]!r} in every training row, so it carries nothing.",)
        return ()


def _factorised(column: Any) -> tuple[list[Any], Rows]:
    """The different cells of a column, and which one each row has; -1 for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return [], np.full(len(column), -1, dtype=np.int64)
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)  # a dictionary may hold a value twice, or values that no row has
    coded = column.dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return coded.dictionary.to_pylist(), codes


def _interval_names(cuts: npt.NDArray[np.float64]) -> list[str]:
    """Such as "[-inf, 20)", "[20, 30)", "[30, inf)": with six digits, or with all where these are not enough."""
    short = [f"{cut:.6g}" for cut in cuts]
    ends = short if len(set(short)) == len(short) else [repr(float(cut)) for cut in cuts]
    return [f"[{low}, {high})" for low, high in zip(["-inf", *ends], [*ends, "inf"], strict=True)]
