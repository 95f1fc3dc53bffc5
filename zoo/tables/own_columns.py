"""Columns that say which row it is, and nothing about it: a data frame's index, and ids."""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.tables.arrow_types import is_numeric, is_text
from zoo.tables.cells import floats, whole
from zoo.tables.text_cells import are_numbers, parsed_numbers

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# What pandas calls an index without a name: in Parquet, in CSV, and in CSV that it read and wrote again.
_PANDAS = re.compile(r"__index_level_\d+__|Unnamed: \d+|level_\d+")
_ID = re.compile(
    r"(?:^|.*[\W_])(?:id|ids|idx|index|key|pk|uuid|guid|no|nr|row|rowid|rownum)$|.*[a-z](?:Id|ID|Idx|Key|No|Nr)$"
)
_KEY = re.compile(
    r"(?P<first>((rec(ord)?|row|unique)_?)?(id|key))|pk|uuid|guid|row_?(no|nr|num|number)|(?P<last>index)",
    re.IGNORECASE,
)
_CLASSES, _ROWS_OF_A_CLASS = 100, 4
_MANY = 100  # rows in which measurements would repeat
_FEWEST = 10  # rows from which on numbers that count up cannot be chance


def key_names(names: Iterable[str]) -> list[str]:
    """Those of a table's columns that are called as keys of records are, the likeliest first.

    `id` and `key` alone or after rec, record, row or unique come before `uuid` and its like, and `index` comes last.
    """
    found = [(match["first"] is None, match["last"] is not None, name) for name in names if (match := _key(name))]
    return [name for *_, name in sorted(found, key=lambda each: each[:2])]


def is_surely_key(name: str) -> bool:
    """Whether a column of this name is meant to name rows: `id` or `key`, alone or after rec, record, row, unique."""
    match = _key(name)
    return match is not None and match["first"] is not None


def key_column(table: Any, apart: Collection[str] = ()) -> str | None:
    """The column that is called as a key is (see `key_names`) and is filled in and different in every row.

    Args:
        table: a `pyarrow.Table`.
        apart: columns that are something else.
    """
    for name in key_names(table.column_names):
        if name not in apart and not table.column(name).null_count and _are_distinct(table.column(name)):
            return name
    return None


def index_columns(table: Any, named: Collection[str] = ()) -> dict[str, str]:
    """Columns that are pandas' index -> what they are, without those that the user named.

    Args:
        table: a `pyarrow.Table`, whole or its first rows.
        named: columns that the user named for something.
    """
    written = _written_index(table.schema)
    found = {}
    for place, name in enumerate(table.column_names):
        if name in named:
            continue
        unnamed = name == "" and place == 0
        if name in written or _PANDAS.fullmatch(name) or (unnamed and _whole_numbers(table.column(place)) is not None):
            found[name] = "pandas' index"
        elif name == "" and not any(cell not in {None, ""} for cell in table.column(place).slice(0, 1000).to_pylist()):
            found[name] = "empty and without a name"
    return found


def id_columns(table: Any, names: Collection[str]) -> dict[str, str]:
    """Columns of numbers that name the rows -> why: whole numbers, each once, called such as `id`, or counting up."""
    found = {}
    for name in names:
        numbers = _whole_numbers(table.column(name))
        if numbers is None or len(numbers) < 2 or not _are_distinct(table.column(name)):
            continue
        if _ID.fullmatch(name) or _ID.fullmatch(name.lower()):
            found[name] = "whole numbers, each once, as an id"
        elif len(numbers) >= _FEWEST and numbers[0] in (0, 1) and (np.diff(numbers) == 1).all():
            found[name] = "the rows' numbers"
    return found


def likely_ids(table: Any, names: Collection[str]) -> list[str]:
    """Columns of whole numbers of which each comes once in many rows, as ids do and measurements hardly."""
    return [
        name
        for name in names
        if table.num_rows >= _MANY and _whole_numbers(table.column(name)) is not None
        if _are_distinct(table.column(name))
    ]


def may_be_keys(table: Any, names: Collection[str]) -> list[str]:
    """Columns of text of which each cell is there once, as keys are."""
    return [
        name
        for name in names
        if table.num_rows > 1 and is_text(table.schema.field(name).type) and not table.column(name).null_count
        if _are_distinct(table.column(name))
    ]


def may_be_labels(table: Any, names: Collection[str]) -> list[str]:
    """Columns of text of few values, as classes are: two or more, each of several rows on average."""
    import pyarrow.compute as pc

    found = []
    for name in names:
        if is_text(table.schema.field(name).type):
            distinct = pc.count_distinct(whole(table.column(name))).as_py()
            if 2 <= distinct <= min(_CLASSES, table.num_rows // _ROWS_OF_A_CLASS):
                found.append(name)
    return found


def left_out_note(found: Mapping[str, str], options: str) -> str:
    """A sentence about columns that were left out."""
    named = ", ".join(f"'{name}' ({why})" for name, why in itertools.islice(found.items(), 5))
    return f"Left out {named}{', ..' if len(found) > 5 else ''}; {options}"


def _key(name: str) -> re.Match[str] | None:
    return _KEY.fullmatch(name.strip())


def _written_index(schema: Any) -> set[str]:
    """Names of the columns that pandas wrote its index to."""
    try:
        facts = json.loads((schema.metadata or {})[b"pandas"])
    except (KeyError, ValueError):
        return set()
    return {name for name in facts.get("index_columns", ()) if isinstance(name, str)}


def _are_distinct(column: Any) -> bool:
    """Whether no cell comes twice; of text as it is written, for float64 does not tell numbers beyond 2^53 apart."""
    import pyarrow.compute as pc

    return bool(pc.count_distinct(whole(column)).as_py() == len(column))


def _whole_numbers(column: Any) -> Any:
    """The column's numbers [rows] where all are there and whole, else None."""
    import pyarrow.compute as pc

    column = whole(column)
    if is_text(column.type):
        if column.null_count or not len(column) or not pc.all(are_numbers(column)).as_py():
            return None
        column = parsed_numbers(column)
    if not is_numeric(column.type) or column.null_count or str(column.type) == "bool":
        return None
    numbers = floats(column)
    if numbers.dtype.kind in "iu":
        return numbers
    return numbers if np.isfinite(numbers).all() and (numbers == np.floor(numbers)).all() else None
