"""Embeddings in a file, and which row each belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import described, innermost, is_list, is_numeric, is_text
from zoo.tables.cells import numbers_of, vectors_of
from zoo.tables.keys import column_keys
from zoo.tables.read_table import require_columns
from zoo.tables.table import read_whole
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tables.table import Table
    from zoo.types import Floats, Rows, Splits


def read_embeddings(table: Table, splits: Splits, key_column: str | None, columns: Sequence[str] | None) -> Floats:
    """Embeddings [rows, width] of a table's rows from another table, in the first one's order.

    Args:
        table: holds one column of vectors, or columns of numbers, and keys.
        splits: the table whose rows they are of.
        key_column: of the keys; None finds the column that has them all, and takes rows by their order where there are
            as many and no keys.
        columns: of the embeddings; None takes the only column of vectors, or all columns of fractions.

    Raises:
        InputError: columns, vectors or keys that cannot be used; the message says which, and what to do.
    """
    chosen = _embedding_columns(table, key_column, columns)
    numbers = [name for name in chosen if is_numeric(table.schema.field(name).type)]
    found = read_whole(table, numbers=numbers)
    vectors = _vectors(found.select(chosen), table.name)
    places = _places(found, table.name, splits, key_column, [name for name in found.column_names if name not in chosen])
    return vectors if places is None else vectors[places]


def _embedding_columns(table: Table, key_column: str | None, columns: Sequence[str] | None) -> list[str]:
    schema = table.schema
    if columns:
        require_columns(schema.empty_table(), columns, "columns", table.name)
        return list(columns)
    fields = [field for field in schema if field.name != key_column]
    lists = [field.name for field in fields if is_list(field.type) and is_numeric(innermost(field.type))]
    fractions = [field.name for field in fields if str(field.type) in {"halffloat", "float", "double"}]
    if len(lists) == 1:
        return lists
    if not lists and fractions:
        return fractions
    raise InputError(
        f"{table.name}: {count(len(lists), 'column')} of vectors and no columns of fractions that could be embeddings; "
        f"name them with columns=[NAME] or columns=[A,B,..]; columns: {described(schema)}"
        if not lists
        else f"{table.name}: {len(lists)} columns hold vectors, {some(lists)}; name the right one with columns=[NAME]"
    )


def _vectors(found: Any, where: str) -> Floats:
    """[rows, width] of one column of vectors, or of columns of numbers."""
    name, kind = found.column_names[0], found.schema.field(0).type
    if found.num_columns == 1 and (is_list(kind) or is_text(kind)):
        if is_list(kind) and (is_list(kind.value_type) or not is_numeric(kind.value_type)):
            raise InputError(
                f"{where}: column '{name}' is of type {kind}, and embeddings are plain lists of numbers; write it "
                "again as such, or name another column with columns=[NAME]"
            )
        numbers = vectors_of(found.column(0), name, where, required=True)
        if not numbers.shape[1]:
            raise InputError(f"{where}: column '{name}' has empty lists; name another column with columns=[NAME]")
    else:
        numbers = np.empty((found.num_rows, found.num_columns), np.float32)
        advice = "name columns of numbers with columns=[A,B,..], or one of vectors with columns=[NAME]"
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then refused as such
            for place, each in enumerate(found.column_names):
                numbers[:, place] = numbers_of(found.column(place), each, where, advice)
    _require_finite(numbers, found.column_names, where)
    return numbers


def _require_finite(numbers: Floats, columns: Sequence[str], where: str) -> None:
    wrong: Any = ~np.isfinite(numbers)
    if not wrong.any():
        return
    rows = np.flatnonzero(wrong.any(axis=1))
    odd = wrong.any(axis=0).tolist()
    holding = [name for place, name in enumerate(columns) if len(columns) == 1 or odd[place]]
    raise InputError(
        f"{where}: NaN, infinity or no number in {count(len(rows), 'row')}, the first of them row {rows[0]:,} (from "
        f"0), column {some(holding)}; repair the rows, or leave them out of this file and of the data"
    )


def _places(found: Any, where: str, splits: Splits, key_column: str | None, others: Sequence[str]) -> Rows | None:
    """The row [rows] of the file that each row of the table is in; None where they are in the same order."""
    import pyarrow as pa

    wanted = [str(row) for row in range(len(splits))] if splits.keys is None else [str(key) for key in splits.keys]
    counted = wanted == [str(row) for row in range(len(splits))]
    if key_column is not None:
        require_columns(found, [key_column], "key_column", where)
        return _matched(column_keys(found.column(key_column), where, key_column, 0), key_column, wanted, where)
    kinds = {name: found.schema.field(name).type for name in others}
    candidates = [name for name, kind in kinds.items() if is_text(kind) or pa.types.is_integer(kind)]
    keys = {name: column_keys(found.column(name), where, name, 0) for name in candidates if not found[name].null_count}
    for name, own in keys.items():
        if set(wanted) <= set(own):
            return _matched(own, name, wanted, where)
    if found.num_rows == len(splits) and (counted or not candidates):
        return None
    if keys:
        name = max(keys, key=lambda each: len(set(wanted) & set(keys[each])))
        return _matched(keys[name], name, wanted, where)
    raise InputError(
        f"{where}: {count(found.num_rows, 'embedding')} without keys for {count(len(splits), 'row')}: which belongs to "
        "which cannot be told; write the rows' keys into a column beside them"
    )


def _matched(keys: Sequence[str], name: str, wanted: Sequence[str], where: str) -> Rows:
    places = {key: row for row, key in enumerate(keys)}
    missing = [key for key in wanted if key not in places]
    if missing:
        raise InputError(
            f"{where}: column '{name}' lacks {len(missing):,} of the {len(wanted):,} keys of the data: "
            f"{some(missing)}; add these rows, or name the column of the keys (those of data.key_column) with "
            "key_column="
        )
    if len(places) < len(keys):
        needed, seen = set(wanted), set()
        twice = [key for key in keys if key in needed and (key in seen or seen.add(key))]  # type: ignore[func-returns-value]
        if twice:
            raise InputError(
                f"{where}: column '{name}' has keys that occur more than once: {some(twice)}; keep one row of each"
            )
    return np.asarray([places[key] for key in wanted], np.int64)
