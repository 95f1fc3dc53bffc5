"""Tables of purchases in long form, a row for each item of a basket, told from lines that are baskets."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.tables.words import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.options import Options

_PROBED = 1000  # lines
_FEWEST = 4
_MARKS = (";", "\t", "|", ",")
_BASKET = re.compile(
    r"order|basket|transaction|trans|invoice|receipt|ticket|bill|cart|session|visit|trip|customer|client|member|user|"
    r"household|person|patient|purchase|playlist|document|doc"
)
_ITEM = re.compile(
    r"item|product|sku|article|stock|stockcode|good|goods|description|movie|song|track|book|tag|word|term|code|artist"
)
_QUANTITY = re.compile(r"quantity|quantities|qty|count|amount|units|pieces|times")
_NUMBER = re.compile(r"\s*[-+]?\d+([.,]\d+)?\s*")


@dataclass(frozen=True)
class LongForm:
    """The columns of a table with a row for each item of a basket; see `zoo.data.Baskets`.

    Raises:
        InputError: a column has two parts in it.
    """

    basket: str
    item: str
    quantity: str | None = None

    def __post_init__(self) -> None:
        double = next((name for name in self.columns if self.columns.count(name) > 1), None)
        if double is not None:
            raise InputError(f"column {double!r} is named twice in long form: baskets, items and quantities are three")

    @property
    def columns(self) -> list[str]:
        """Those that there are."""
        return [name for name in (self.basket, self.item, self.quantity) if name is not None]

    def note(self) -> str:
        """What was recognised."""
        often = f", how often from '{self.quantity}'" if self.quantity else ""
        return (
            f"Read as a table in long form, a row for each item: baskets by '{self.basket}', items from '{self.item}'"
            f"{often} (data.basket_column, data.item_column, data.quantity_column; data.header=false takes every line "
            "for a basket)."
        )


def found_long_form(source: ByteSource, separator: str, options: Options) -> tuple[LongForm, str] | None:
    """The columns and the delimiter of a table in long form, by the names in its first line; None for lines of baskets.

    Raises:
        InputError: lines that are all as wide and hold different things in each place, without names that tell.
    """
    text = source.head().decode(errors="replace").removeprefix("\ufeff")
    for mark in (separator, *(mark for mark in _MARKS if mark != separator)):
        rows = _rows(text, mark)
        widths = {len(row) for row in rows}
        if len(rows) >= _FEWEST and len(widths) == 1 and widths != {1}:
            return _judged(source.name, rows, mark, options, own=mark == separator)
        if mark == separator and widths != {1}:
            return None
    return None


def named_form(names: Sequence[str]) -> LongForm | None:
    """The columns of a table in long form, by names such as order, product and quantity; None if none are like that."""
    basket, item, quantity = (_named(names, words) for words in (_BASKET, _ITEM, _QUANTITY))
    if not basket or not item or basket == item:
        return None
    return LongForm(basket, item, quantity if quantity not in {basket, item} else None)


def _rows(text: str, mark: str) -> list[list[str]]:
    try:
        rows = [
            row for row, _ in zip(csv.reader(io.StringIO(text), delimiter=mark), range(_PROBED), strict=False) if row
        ]
    except csv.Error:
        return []
    return rows[:-1] if len(rows) > _FEWEST else rows  # the last may be cut off


def _judged(
    where: str, rows: Sequence[Sequence[str]], mark: str, options: Options, *, own: bool
) -> tuple[LongForm, str] | None:
    names = [name.strip() for name in rows[0]]
    columns = [[row[place].strip() for row in rows[1:]] for place in range(len(names))]
    is_header = not any(name in column or _NUMBER.fullmatch(name) for name, column in zip(names, columns, strict=True))
    form = named_form(names) if is_header else None
    if form is not None:
        return form, mark
    numeric = [all(_NUMBER.fullmatch(cell) for cell in column if cell) for column in columns]
    repeats = sum(one[0] == other[0] and one[1:] != other[1:] for one, other in pairwise(rows)) > 0.3 * len(rows)
    if (any(numeric) and not all(numeric)) or repeats:
        raise InputError(_advice(where, names if is_header else None, mark, options, own=own))
    return None


def _named(names: Sequence[str], words: re.Pattern[str]) -> str | None:
    """The first name that holds one of the words."""
    for name in names:
        pieces = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
        if any(words.fullmatch(piece.removesuffix("s")) or words.fullmatch(piece) for piece in pieces):
            return name
    return None


def _advice(where: str, names: Sequence[str] | None, mark: str, options: Options, *, own: bool) -> str:
    columns = f"of {listed(names)}" if names else "column_0, column_1, .. (and data.header=false)"
    other = "" if own else f" {options.saying(delimiter=mark)}"
    lines = "data.header=false" if own else f"data.separator={mark!r} data.header=false"
    return (
        f"{where}: every line has as many cells, as in a table with a row for each item of a basket; name its columns "
        f"with data.basket_column= and data.item_column= (and data.quantity_column=){other}, {columns}; or, if every "
        f"line is a basket, say {lines} and name no columns"
    )
