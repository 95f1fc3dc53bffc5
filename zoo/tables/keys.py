"""Names of a table's rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_text
from zoo.tables.cells import whole
from zoo.tables.read_table import column_of
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.types import Rows


def row_keys(table: Any, name: str | None, where: str, first: int = 0) -> list[str]:
    """Keys [rows]: the cells of a column, or row numbers from 0.

    Args:
        table: a `pyarrow.Table`, or a piece of one.
        name: of the column.
        where: the table, for messages.
        first: the number of its first row.

    Raises:
        InputError: no such column, or a row without a key.
    """
    if name is None:
        return [str(row) for row in range(first, first + table.num_rows)]
    keys = column_keys(column_of(table, name, "data.key_column", where), where, name, first)
    if "" in keys:
        row = first + keys.index("")
        raise InputError(f"{where}: column '{name}' has no key in row {row} (from 0); fill it in or delete the row")
    return keys


def distinct_rows(keys: list[str]) -> tuple[list[str], Rows | None, tuple[str, ...]]:
    """The keys without repetition, the rows [kept] that carry them first (None for all), and a note on the others."""
    first = first_rows(keys)
    if len(first) == len(keys):
        return keys, None, ()
    rows = np.fromiter(first.values(), dtype=np.int64, count=len(first))
    repeated = [key for row, key in enumerate(keys) if first[key] != row]
    note = f"Dropped {count(len(repeated), 'row')} with a key that came before, first kept: {some(repeated)}."
    return list(first), rows, (note,)


def first_rows(keys: Sequence[str]) -> dict[str, int]:
    """Key -> the first row that has it."""
    rows: dict[str, int] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, row)
    return rows


def column_keys(column: Any, where: str, name: str, first_row: int) -> list[str]:
    """Keys [rows] of a block of a column of strings, whole numbers or UTF-8 bytes.

    Args:
        column: the block, a `pyarrow.Array`.
        where: the file, for messages.
        name: the column, for messages.
        first_row: the number of the block's first row, for messages.

    Raises:
        InputError: a missing key, or a column of another type.
    """
    import pyarrow as pa

    column = whole(column)
    kind = column.type
    if not (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise InputError(f"{where}: column '{name}' is of type {kind}; keys are strings or whole numbers")
    if column.null_count:
        row = first_row + column.is_null().index(True).as_py()
        raise InputError(f"{where}: column '{name}' has no key in row {row} (from 0); fill it in or delete the row")
    try:
        keys: list[str] = column.cast(pa.large_string()).to_pylist()
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InputError(f"{where}: column '{name}' holds keys that are not UTF-8 ({error}); write it again") from error
    return keys


def require_utf8(keys: Sequence[str], where: str) -> None:
    """Raises InputError for keys with halves of characters, which no file of UTF-8 can hold, as pickles may have."""
    try:
        "".join(keys).encode()
    except UnicodeEncodeError:
        row = next(row for row, key in enumerate(keys) if _is_broken(key))
        raise InputError(
            f"{where}: the key {keys[row]!a} of row {row} (from 0) is not text that UTF-8 can hold; write the "
            "keys again, from the encoding that they are in"
        ) from None


def _is_broken(key: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in key)
