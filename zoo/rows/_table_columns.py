"""Columns of a table to be encoded, by their names and types."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import innermost, is_list, is_numeric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tables.table import Table

_PROBED = 1000  # rows that tell what a column holds


def named_columns(table: Table, what: str, wanted: Sequence[str]) -> list[str]:
    """The columns that are wanted; `*` in a name stands for anything."""
    found: list[str] = []
    for each in wanted:
        matching = [each] if each in table.schema.names else fnmatch.filter(table.schema.names, each)
        if not matching:
            hint = suggestion(each, table.schema.names, what="columns")
            raise InputError(f"{table.name}: {what} {each!r}: no such column; {hint}")
        found.extend(name for name in matching if name not in found)
    return found


def require_lists(table: Table, names: list[str], *, numbers: bool) -> list[str]:
    for name in names:
        kind = table.schema.field(name).type
        if not is_list(kind) or (numbers and not is_numeric(innermost(kind))):
            what = "lists of numbers" if numbers else "lists"
            raise InputError(f"{table.name}: column '{name}' is of type {kind}, not of {what}; Parquet can hold them")
    return names


def first_rows(table: Table, columns: Sequence[str]) -> Any:
    """A `pyarrow.Table` of the first rows."""
    return next(table.read(table.blocks(_PROBED, limit=_PROBED), columns))
