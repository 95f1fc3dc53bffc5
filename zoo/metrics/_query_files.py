"""Queries that are no rows of the table: their vectors, and their keys."""

from __future__ import annotations

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import vectors_of
from zoo.tables.keys import column_keys
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.read_table import read_table, require_columns
from zoo.types import Splits


def queries_like(splits: Splits, path: str, key: str | None, vector: str | None) -> Splits:
    """A table of the queries in a file, with their keys, of the same kind and on the same scale as a table of vectors.

    Args:
        splits: the table.
        path: the file.
        key: its column of keys; None takes the first column but the one of vectors.
        vector: its column of vectors; None takes the first one of lists.

    Raises:
        InputError: no such file or column, or vectors of another width.
    """
    table, _ = read_table(
        open_table(path, Options(prefix=""), option="queries"), named=[each for each in (key,) if each]
    )
    for option, name in (("query_key", key), ("query_vector", vector)):
        if name is not None:
            require_columns(table, [name], option, path)
    lists = [field.name for field in table.schema if is_list(field.type)]
    found = vector or next(iter(lists), None)
    if found is None:
        raise InputError(f"{path}: no column holds lists of numbers; name the one of vectors with query_vector=")
    rows = vectors_of(table.column(found), found, path, required=True)
    if len(splits.shape) != 1 or splits.is_sparse or rows.shape[1] != splits.width:
        raise InputError(f"{path}: queries of {rows.shape[1]} numbers, and the table has {splits.kind.in_words()}")
    others = [name for name in table.column_names if name != found]
    if not others:
        raise InputError(f"{path}: no column is left for the keys of the queries; columns: {found}")
    name = key or others[0]
    keys = np.asarray(column_keys(table.column(name), path, name, 0), dtype=object)
    everything, none = np.arange(len(rows)), np.empty(0, np.int64)
    return Splits(rows, none, none, everything, keys=keys, scale=splits.scale, kind=splits.kind)
