"""A field of a record: how the cells of one column are read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import MISSING, OTHER, hash_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.rows.cell_texts import CellTexts

_MISSING, _OTHER, _FIRST = 0, 1, 2  # columns of a field


@dataclass(frozen=True)
class Field:
    """The one-hot columns of a field, and which of them a cell belongs to. Cells are strings.

    Attributes:
        names: of the columns: `MISSING`, `OTHER`, then the categories.
        reads: what a cell is taken for: `text`, looked up as it is read; `number`, so that 7, 7.0 and 007 are one
            category; `interval`, a number that lies in one of the intervals between `cuts`.
        cuts: [intervals - 1] the intervals' inner bounds, each belonging to the interval above it.
        columns: [intervals] the column of each interval, `OTHER`'s for one that is too rare to have its own.
    """

    names: tuple[str, ...]
    reads: Literal["text", "number", "interval"] = "text"
    cuts: tuple[float, ...] = ()
    columns: tuple[int, ...] = ()

    @classmethod
    def of_intervals(cls, cuts: Sequence[float], common: Sequence[bool]) -> Field:
        """A field of intervals between cuts, of which `common` [intervals] have a column of their own."""
        places = np.where(common, np.cumsum(common) - 1 + _FIRST, _OTHER)
        named = [name for name, own in zip(interval_names(cuts), common, strict=True) if own]
        return cls((MISSING, OTHER, *named), "interval", tuple(map(float, cuts)), tuple(places.tolist()))

    def look_up(self, cells: CellTexts) -> Any:
        """The column [n] int64 of each cell, inside the graph."""
        tf = import_tensorflow()
        found = self._table.lookup(cells.text) if self.reads == "text" else self._by_number(cells)
        empty = cells.is_missing
        if self.reads != "text":
            empty = empty | (cells.is_number & cells.stands_for_missing(cells.number))
        return tf.where(empty | ((found == _OTHER) & cells.is_null), tf.constant(_MISSING, tf.int64), found)

    def get_config(self) -> dict[str, Any]:
        """What `Field(**config)` makes the same field of, JSON-ready."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Field:
        """The field of a configuration."""
        return cls(tuple(config["names"]), config["reads"], tuple(config["cuts"]), tuple(config["columns"]))

    @property
    def tables(self) -> list[Any]:
        """The look-up table that `look_up` has made, which an exported model must keep."""
        return [self._table] if "_table" in self.__dict__ else []

    def texts(self) -> list[str]:
        """A cell [columns] for each column, which is read as that column."""
        if self.reads != "interval":
            return ["", *self.names[1:]]
        lows = ["-inf", *map(repr, self.cuts)]
        own = [low for low, column in zip(lows, self.columns, strict=True) if column != _OTHER]
        return ["", OTHER, *own]

    def _by_number(self, cells: CellTexts) -> Any:
        tf = import_tensorflow()
        if self.reads == "interval":
            place = tf.searchsorted(tf.constant(self.cuts, tf.float64), cells.number, side="right")
            found = tf.gather(tf.constant(self.columns, tf.int64), place)
            # an interval may also go by its name
            return tf.where(cells.is_number, found, self._table.lookup(cells.text))
        numbers = np.asarray([float(name) for name in self.names[_FIRST:]] or [math.nan])
        order = np.argsort(numbers)
        known = tf.constant(numbers[order], tf.float64)
        place = tf.minimum(tf.searchsorted(known, cells.number), len(numbers) - 1)
        same = cells.is_number & (tf.gather(known, place) == cells.number)
        column = tf.gather(tf.constant(order + _FIRST, tf.int64), place)
        return tf.where(same, column, tf.constant(_OTHER, tf.int64))

    @cached_property
    def _table(self) -> Any:
        columns = {OTHER: _OTHER} | {name: column for column, name in enumerate(self.names) if column >= _FIRST}
        return hash_table(list(columns), list(columns.values()), default=_OTHER)


def interval_names(cuts: Sequence[float]) -> list[str]:
    """Such as "[-inf, 20)", "[20, 30)", "[30, inf)": with six digits, or with all where these are not enough."""
    short = [f"{cut:.6g}" for cut in cuts]
    ends = short if len(set(short)) == len(short) else [repr(float(cut)) for cut in cuts]
    return [f"[{low}, {high})" for low, high in zip(["-inf", *ends], [*ends, "inf"], strict=True)]
