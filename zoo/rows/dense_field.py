"""A column of a mixed table as numbers of one scale: a quantity, a category, a day or a text, with its gaps."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows.cell_texts import CellTexts
from zoo.rows.date_words import texts_in_numbers
from zoo.rows.number_marks import Mark, plain_numbers
from zoo.rows.typed_field import TypedField, days_of_dates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.rows.typed_field import PlainCells
    from zoo.types import Doubles

MOST_DEVIATIONS = 100.0  # that a served number may lie off the mean: beyond, float32 has no room for what follows
_YEAR, _WEEK = 365.2425, 7.0
DATE_PARTS = ("day", "month (sine)", "month (cosine)", "weekday (sine)", "weekday (cosine)")


@dataclass(frozen=True)
class DenseField:
    """How the cells of one column become numbers of mean 0; a cell that says nothing has 0 in each, which imputes it.

    number: the number, standardised by mean and deviation of the training rows; or, with `quantiles`, the normal score
    of its place among them, which no outlier pulls. category: a column for each name, 1 or 0, less its share p of the
    training rows, divided by `scale` (sqrt(p) in factor analysis of mixed data). date: the day, standardised, and sine
    and cosine of its place in the year and in the week. text: `directions` of the runs of characters in it, as latent
    semantic analysis takes them. A last column says that the cell is missing, where training rows have gaps.

    Attributes:
        typed: what a cell is taken for and, of categories and texts, which items it has.
        centre: [columns] of the training rows' numbers, of those that say something.
        scale: [columns] that what is left is divided by.
        has_gaps: whether a column says that the cell is missing.
        quantiles: ascending numbers of the training rows, evenly spread in rank; none for a number taken as it is.
        directions: [buckets, dimensions] of a text, as a tuple of rows.
        mark: how a number is written, see `zoo.rows.number_marks`.
        day_first: whether 1/2/2020 is the first of February.
        in_words: whether dates have names of months or years of two digits, see `zoo.rows.date_words`.
        shown: of a category's columns, how each is written in the table; the first may be `OTHER`, for a name that was
            rare or is new. Without it such a name has 0 in each column less its mean.

    Reference:
        Pagès 2004, "Analyse factorielle de données mixtes" (scales of numbers and categories); Escofier and Pagès 1994,
        "Multiple factor analysis" (a text counts as much as its first direction does).
    """

    typed: TypedField
    centre: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    has_gaps: bool = False
    quantiles: tuple[float, ...] = ()
    directions: tuple[tuple[float, ...], ...] = ()
    mark: Mark = ""
    day_first: bool = True
    in_words: bool = False
    shown: tuple[str, ...] = ()

    @property
    def reads(self) -> str:
        """What its cells are taken for."""
        return self.typed.reads

    @property
    def parts(self) -> tuple[str, ...]:
        """What each of its columns holds [columns]; "" for the number itself."""
        parts = {
            "number": ("",),
            "category": self.shown,
            "date": DATE_PARTS,
            "text": tuple(
                f"direction {place + 1}" for place in range(len(self.directions[0]) if self.directions else 0)
            ),
        }[self.reads]
        return (*parts, "missing") if self.has_gaps else parts

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self.parts)

    def scaled(self, cells: PlainCells) -> Any:
        """Cells [n] as numbers [n, columns] float32; runs in the graph."""
        tf = import_tensorflow()
        numbers, is_missing = self.read(cells)
        centre, scale = (tf.constant(each, tf.float64) for each in (self.centre, self.scale))
        found = tf.clip_by_value((numbers - centre) / scale, -MOST_DEVIATIONS, MOST_DEVIATIONS)
        imputed = np.asarray([part != "missing" or not self.has_gaps for part in self.parts])
        return tf.cast(tf.where(is_missing[:, None] & imputed[None, :], tf.zeros_like(found), found), tf.float32)

    def read(self, cells: PlainCells) -> tuple[Any, Any]:
        """Cells [n] as numbers [n, columns] float64 before they are put on a scale, and which are missing [n]."""
        tf = import_tensorflow()
        numbers, is_missing = getattr(self, f"_of_{self.reads}")(cells)
        if self.has_gaps:
            numbers = tf.concat([numbers, tf.cast(is_missing[:, None], tf.float64)], axis=1)
        return numbers, is_missing

    def fitted(self, centre: Doubles, scale: Doubles) -> DenseField:
        """The same field on a scale: of its columns [columns] each."""
        return replace(self, centre=tuple(centre.tolist()), scale=tuple(scale.tolist()))

    def cells(self, scaled: Any) -> Any:
        """Numbers [n, columns], as `scaled` gives them or near to it, as the cells they are of; runs in the graph.

        Numbers [n] float64, NaN for a gap; of anything else strings [n], "" for a gap: a category's name, a day as
        2020-01-31. None for texts, which do not come back.
        """
        tf = import_tensorflow()
        if self.reads == "text":
            return None
        numbers = tf.cast(scaled, tf.float64) * tf.constant(self.scale, tf.float64) + tf.constant(
            self.centre, tf.float64
        )
        is_missing = numbers[:, -1] > 0.5 if self.has_gaps else tf.zeros_like(numbers[:, 0], tf.bool)
        if self.reads == "number":
            found = self._from_scores(numbers[:, 0]) if self.quantiles else numbers[:, 0]
            return tf.where(is_missing, tf.constant(np.nan, tf.float64), found)
        if self.reads == "category":
            likeliest = tf.argmax(numbers[:, : len(self.shown)], axis=1)
            texts = tf.gather(tf.constant(self.shown), likeliest)
        else:
            texts = _dates_of_days(numbers[:, 0])
        return tf.where(is_missing, "", texts)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same field of, JSON-ready."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DenseField:
        """The field of a configuration."""
        tuples = {name: tuple(config[name]) for name in ("centre", "scale", "quantiles", "shown")}
        directions = tuple(map(tuple, config["directions"]))
        typed = TypedField.from_config(config["typed"])
        return cls(**{**config, **tuples, "directions": directions, "typed": typed})

    @property
    def tables(self) -> list[Any]:
        """The look-up tables that reading has made, which an exported model must keep."""
        return self.typed.tables

    def _of_number(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        read, is_missing = cells.read, cells.is_missing
        if self.mark:
            read = CellTexts(plain_numbers(read.cells, self.mark), read.rules)
        number = read.number
        is_missing |= ~read.is_number | ~tf.math.is_finite(number)
        number = tf.where(is_missing, tf.zeros_like(number), number)
        return (self._scores(number) if self.quantiles else number)[:, None], is_missing

    def _of_category(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        columns, _ = self.typed.items(cells)
        names = len(self.typed.names)
        return tf.one_hot(columns[:, 0], names, dtype=tf.float64)[:, names - len(self.shown) :], cells.is_missing

    def _of_date(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        texts = texts_in_numbers(cells.read.text) if self.in_words else cells.read.text
        days, is_date = days_of_dates(texts, self.day_first)
        turns = [days / _YEAR, days / _WEEK]
        around = [of(2 * np.pi * turn) for turn in turns for of in (tf.sin, tf.cos)]
        return tf.stack([days, *around], axis=1), cells.is_missing | ~is_date

    def _of_text(self, cells: PlainCells) -> tuple[Any, Any]:
        tf = import_tensorflow()
        columns, values = self.typed.items(cells)
        values = tf.cast(values, tf.float64)
        there = tf.where(columns >= 0)
        entries = tf.stack([there[:, 0], tf.cast(tf.gather_nd(columns, there), tf.int64)], axis=1)
        size = tf.stack([tf.shape(columns, tf.int64)[0], tf.constant(self.typed.columns, tf.int64)])
        items = tf.SparseTensor(entries, tf.gather_nd(values, there), size)
        directions = np.asarray(self.directions, np.float64).reshape(self.typed.columns, -1)
        length = tf.sqrt(tf.reduce_sum(values**2, axis=1, keepdims=True))
        found = tf.sparse.sparse_dense_matmul(items, tf.constant(directions)) / tf.maximum(length, 1.0)
        return found, cells.is_missing

    def _scores(self, number: Any) -> Any:
        """The normal score of each number's place among the quantiles, linear between them."""
        cuts, scores = self._knots
        return _interpolated(number, cuts, scores)

    def _from_scores(self, scores: Any) -> Any:
        """The number of each normal score: `_scores` the other way round."""
        cuts, knots = self._knots
        return _interpolated(scores, knots, cuts)

    @cached_property
    def _knots(self) -> tuple[Doubles, Doubles]:
        """The different quantiles [knots], and the normal score of each one's mean rank."""
        from scipy.special import ndtri

        cuts, places, counts = np.unique(self.quantiles, return_index=True, return_counts=True)
        ranks = (places + (counts - 1) / 2 + 0.5) / len(self.quantiles)
        return cuts, ndtri(ranks)


def _interpolated(values: Any, known: Doubles, wanted: Doubles) -> Any:
    """What `numpy.interp(values, known, wanted)` gives, in the graph."""
    tf = import_tensorflow()
    values = tf.clip_by_value(values, known[0], known[-1])
    below = tf.clip_by_value(tf.searchsorted(tf.constant(known), values, side="right") - 1, 0, len(known) - 2)
    low, high = tf.gather(known, below), tf.gather(known, below + 1)
    first, last = tf.gather(wanted, below), tf.gather(wanted, below + 1)
    return first + (values - low) / (high - low) * (last - first)


def _dates_of_days(days: Any) -> Any:
    """Days since 1970-01-01 [n] as texts such as 2020-01-31; Howard Hinnant's `civil_from_days`."""
    tf = import_tensorflow()
    shifted = tf.cast(tf.math.rint(days), tf.int64) + 719_468
    era = shifted // 146_097
    day = shifted - era * 146_097
    year_of_era = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day_of_year = day - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    day_of_month = day_of_year - (153 * month + 2) // 5 + 1
    month = tf.where(month < 10, month + 3, month - 9)
    year = year_of_era + era * 400 + tf.cast(month <= 2, tf.int64)
    parts = [
        tf.strings.as_string(part, width=width, fill="0") for part, width in ((year, 4), (month, 2), (day_of_month, 2))
    ]
    return tf.strings.join(parts, "-")
