"""Names of a table's rows, and of what belongs together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._tables import column_of, count, first_rows, some
from zoo.data.readers._parquet import column_keys
from zoo.errors import InputError
from zoo.intakes._cells import text_of

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.types import Rows


def row_keys(table: Any, name: str | None, path: Path) -> list[str]:
    """Keys [rows]: the cells of a column, or row numbers from 0.

    Raises:
        InputError: no such column, or a row without a key.
    """
    if name is None:
        return [str(row) for row in range(table.num_rows)]
    keys = column_keys(column_of(table, name, "data.key_column", str(path)), path, name, 0)
    if "" in keys:
        raise InputError(
            f"{path}: column '{name}' has no key in row {keys.index('')} (from 0); fill it in or delete the row"
        )
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


def group_texts(column: Any, keys: list[str]) -> list[str]:
    """What each row [rows] belongs to, as text; a row that belongs to nothing stands for itself, by its key."""
    texts = [text_of(cell).strip() for cell in column.to_pylist()]
    return [text or key for text, key in zip(texts, keys, strict=True)]
