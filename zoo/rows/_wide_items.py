"""Baskets in wide form: a column for each item, whose cells say how often it is in the row's basket."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_list, is_numeric
from zoo.tables.cells import numbers_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import numpy.typing as npt

    from zoo.tables.table import Table

_ADVICE = "repair it, or leave the column out"


def wide_columns(table: Table, named: Sequence[str], items: Collection[str]) -> list[str]:
    """The columns of a table that are items, of those named or of all; none where any column holds lists."""
    fields = [table.schema.field(name) for name in named or table.schema.names]
    if any(is_list(field.type) for field in fields):
        return []
    known = [field.name for field in fields if is_numeric(field.type) and (named or field.name in items)]
    return known if not named or len(known) == len(named) else []


def cells_of_block(block: Any, where: str) -> dict[str, npt.NDArray[np.float64]]:
    """Item -> how often [rows] it is in each basket, of columns of numbers or of text that is numbers."""
    return {
        name: np.asarray(numbers_of(column, name, where, _ADVICE), np.float64)
        for name, column in zip(block.column_names, block.columns, strict=True)
    }


def baskets_of(cells: Mapping[str, npt.NDArray[np.float64]], first: int, where: str) -> tuple[list[Any], list[Any]]:
    """Lists of items, and of how often each is there, of baskets in wide form.

    Args:
        cells: item -> [rows] how often; NaN is not at all.
        first: number of the first row, for messages.
        where: the table, for messages.

    Raises:
        InputError: a cell below 0, or infinite.
    """
    names = np.asarray(list(cells), dtype=object)
    counts = np.nan_to_num(np.column_stack(list(cells.values())), nan=0.0, posinf=np.inf, neginf=-np.inf)
    wrong = np.argwhere((counts < 0) | ~np.isfinite(counts))
    if len(wrong):
        row, place = wrong[0]
        raise InputError(
            f"{where}: column '{names[place]}', row {first + row:,} (from 0): {counts[row, place]:g} says not how "
            f"often an item is in a basket; {_ADVICE}"
        )
    rows, places = np.nonzero(counts)
    ends = np.cumsum(np.bincount(rows, minlength=len(counts)))[:-1]
    return np.split(names[places], ends), np.split(counts[rows, places], ends)
