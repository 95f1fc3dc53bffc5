"""Baskets out of tables with a column for each item."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data._basket_files import BasketFile
from zoo.errors import InputError
from zoo.tables.arrow_types import is_numeric, is_text
from zoo.tables.cells import numbers_of
from zoo.tables.keys import row_keys
from zoo.tables.read_table import read_table, require_columns
from zoo.tables.text_cells import kind_of
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Any

    from zoo.tables.table import Table

_ADVICE = "repair it, or leave the column out with data.drop="


def read_wide(opened: Table, key_column: str | None, drop: Collection[str], decimal: str) -> BasketFile:
    """Reads a table of which each column of numbers is an item and each cell how often it is in the row's basket.

    Columns without numbers are left out. Items without any basket are none; empty cells are 0.

    Args:
        opened: the table.
        key_column: the column of the baskets' names, which is no item.
        drop: other columns that are none.
        decimal: the mark before fractions in text.

    Raises:
        InputError: no such column, no column of numbers, or numbers below 0.
    """
    from scipy.sparse import csc_array

    where = opened.name
    table, notes = read_table(opened, named=[key_column] if key_column else [])
    require_columns(table, drop, "data.drop", where)
    keys = row_keys(table, key_column, where)
    others = [name for name in table.column_names if name != key_column and name not in drop]
    names = [name for name in others if _holds_numbers(table.column(name), decimal)]
    if left := [name for name in others if name not in names]:
        notes += (f"Left out {count(len(left), 'column')} without numbers: {some(left)}.",)
    rows, amounts, items = [], [], []
    for name in names:
        values = numbers_of(table.column(name), name, where, _ADVICE, decimal=decimal)
        cells = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=0.0)
        if not np.isfinite(cells).all() or (cells < 0).any():
            bad = int(np.flatnonzero(~np.isfinite(cells) | (cells < 0))[0])
            raise InputError(
                f"{where}: column '{name}', row {bad} (from 0): {cells[bad]:g} says not how often an item is in a "
                f"basket; {_ADVICE}"
            )
        if filled := np.flatnonzero(cells).tolist():
            rows.append(filled)
            amounts.append(cells[filled].astype(np.float32))
            items.append(name)
    if not items:
        raise InputError(f"{where}: no column of numbers holds anything but 0; export the baskets again")
    notes = (
        f"Read as a table with a column for each item, {count(len(items), 'item')} such as {some(items)}; rows of one "
        "item each are read by data.basket_column= and data.item_column=.",
        *notes,
    )
    ends = np.cumsum([0, *(len(each) for each in rows)])
    counts = csc_array((np.concatenate(amounts), np.concatenate(rows), ends), shape=(len(keys), len(items))).tocsr()
    empty = np.diff(counts.indptr) == 0
    if not empty.any():
        return BasketFile(counts, items, keys, notes)
    kept = np.flatnonzero(~empty)
    note = f"Dropped {count(int(empty.sum()), 'row')} without items."
    return BasketFile(counts[kept], items, [keys[row] for row in kept], (*notes, note))


def _holds_numbers(column: Any, decimal: str) -> bool:
    from zoo.tables.cells import whole

    cells = whole(column)
    return kind_of(cells, decimal).name == "numbers" if is_text(cells.type) else is_numeric(cells.type)
