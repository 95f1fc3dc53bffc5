"""Which columns of a table to be encoded make up baskets, and counts beside items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.rows._table_columns import require_lists
from zoo.tables.arrow_types import described, is_list, is_text
from zoo.tables.long_form import named_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tables.table import Table

_EXPECTED = ["items", "values"]
_MOST = 4095  # of one item in a basket that has no values: it is handed over so many times


def item_columns(table: Table, named: list[str], *, weighted: bool) -> list[str]:
    """The column of lists of items and, where there is one, that of their values or counts.

    Args:
        table: the table.
        named: the columns that the user named; none if empty.
        weighted: whether items must come with values.

    Raises:
        InputError: columns that are missing, of the wrong type or number, or that cannot be told from each other.
    """
    if len(named) > 2:
        raise InputError(f"columns: name those of items and of their values, not {len(named)}")
    lists = [field.name for field in table.schema if is_list(field.type)]
    found = named or (_EXPECTED if set(_EXPECTED) <= set(lists) else lists)
    if not named and not weighted and "items" in lists and "values" not in lists:
        found = ["items"]
    if len(found) not in ({2} if weighted else {1, 2} if named or found == _EXPECTED else {1}):
        what = "those of items and of their values with columns=A,B" if weighted else _one_of_baskets(table, lists)
        raise InputError(
            f"{table.name}: {len(found)} columns hold lists; name {what}; columns: {described(table.schema)}"
        )
    _refuse_text(table, found)
    return [*require_lists(table, found[:1], numbers=False), *require_lists(table, found[1:], numbers=True)]


def repeated(items: Sequence[Sequence[Any]], counts: Sequence[Sequence[float]], first: int, where: str) -> list[Any]:
    """Baskets in which an item is as often as it counts, from lists of items and lists of counts.

    Raises:
        InputError: lists that differ in length, or counts that are not whole or below 0, by the row.
    """
    baskets = []
    for row, (names, numbers) in enumerate(zip(items, counts, strict=True), start=first):
        if len(names) != len(numbers):
            raise InputError(f"{where}: row {row:,} (from 0) has {len(names)} items and {len(numbers)} counts")
        wrong = [number for number in numbers if number is None or not 0 <= number <= _MOST or number != int(number)]
        if wrong:
            raise InputError(
                f"{where}: row {row:,} (from 0): an item counts {wrong[0]}; the encoder takes items that are there "
                f"0 to {_MOST:,} times, whole: one for values is trained on fractions"
            )
        baskets.append(np.repeat(np.asarray(names, object), np.asarray(numbers, np.int64)).tolist())
    return baskets


def _one_of_baskets(table: Table, lists: Sequence[str]) -> str:
    """What to name, of a table of which it is not clear what the baskets are."""
    if lists:
        return "the one of baskets with columns=NAME"
    form = named_form(table.schema.names)
    names = (form.basket, form.item) if form else ("NAME", "NAME")
    quantity = f" quantity_column={form.quantity}" if form and form.quantity else " and perhaps quantity_column=NAME"
    return (
        "a column of text with columns=NAME and what parts its items with separator=',', or, of a table in long form "
        f"with a row for each item, basket_column={names[0]} item_column={names[1]}{quantity}; lines=true takes every "
        "line of a text file for a basket"
    )


def _refuse_text(table: Table, found: Sequence[str]) -> None:
    if found and is_text(table.schema.field(found[0]).type):
        raise InputError(
            f"{table.name}: column '{found[0]}' is text; say what parts its items, such as separator=',' "
            "(or semicolon, tab, pipe, space)"
        )
