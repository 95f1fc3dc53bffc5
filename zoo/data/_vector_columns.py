"""Vectors, keys and labels out of tables with named columns, however people put them there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._vector_files import VectorFile
from zoo.errors import InputError
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.keys import row_keys
from zoo.tables.read_table import column_of, numbers_of, read_table, require_columns
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from zoo.data._vector_files import Wanted

_PROBED = 20  # cells of a column of text that tell whether it holds vectors

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)"
_BETWEEN = r"[\s,;]+"
_VECTOR = re.compile(rf"\s*\[?\s*(?:{_NUMBER})(?:{_BETWEEN}(?:{_NUMBER}))+\s*\]?\s*", re.IGNORECASE)
_ONE_NUMBER = re.compile(rf"\s*(?:{_NUMBER})\s*", re.IGNORECASE)


def read_columns(path: Path, wanted: Wanted) -> VectorFile:
    """Reads a CSV, TSV or Parquet file: one column of vectors, or columns of numbers."""
    where = str(path)
    if wanted.vector_column is not None and wanted.columns is not None:
        raise InputError(
            f"{where}: data.vector_column is for a column of whole vectors, data.columns for columns of single "
            "numbers; give one of the two"
        )
    named = {
        f"data.{option}": name
        for option in ("vector_column", "label_column", "key_column")
        if (name := getattr(wanted, option)) is not None
    }
    table = read_table(path, text=set(named.values()))
    for option, name in named.items():
        require_columns(table, [name], option, where)
    aside = [name for name in (wanted.label_column, wanted.key_column) if name is not None]
    keys = None if wanted.key_column is None else row_keys(table, wanted.key_column, path)
    labels = None
    if wanted.label_column is not None:
        labels = column_of(table, wanted.label_column, "data.label_column", where).to_pylist()
    vectors, notes = _vectors(table, wanted, aside, where)
    return VectorFile(vectors, keys, labels, f"column '{wanted.label_column}'", notes)


def _vectors(table: Any, wanted: Wanted, aside: Sequence[str], where: str) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """[rows, width], from a column of vectors if one is named or to be found, else from the columns of numbers."""
    name = wanted.vector_column
    if name is None and wanted.columns is None:
        name = _found_vectors(table, aside, where)
    if name is not None:
        return _listed_vectors(column_of(table, name, "data.vector_column", where), name, where), ()
    names, notes = _number_columns(table, wanted.columns, aside, where)
    vectors = np.empty((table.num_rows, len(names)), dtype=np.float32)
    for place, column in enumerate(names):
        values = numbers_of(
            column_of(table, column, "data.columns", where), column, where, "repair it or leave the column out"
        )
        if np.isnan(values.astype(np.float64)).all():
            raise InputError(
                f"{where}: column '{column}' has no number in any row; leave it out: name the others with data.columns="
            )
        with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then reported as such
            vectors[:, place] = values
    return vectors, notes


def _found_vectors(table: Any, aside: Sequence[str], where: str) -> str | None:
    """The only column of vectors, or None."""
    found = [field.name for field in table.schema if field.name not in aside and _holds_vectors(table, field)]
    if len(found) > 1:
        raise InputError(
            f"{where}: several columns hold vectors; choose with data.vector_column= one of {', '.join(found)}"
        )
    return str(found[0]) if found else None


def _holds_vectors(table: Any, field: Any) -> bool:
    if is_list(field.type):
        return is_numeric(field.type.value_type)
    if not is_text(field.type):
        return False
    cells = [cell for cell in table.column(field.name).slice(0, _PROBED).to_pylist() if cell]
    return bool(cells) and all(_VECTOR.fullmatch(cell) for cell in cells)


def _number_columns(
    table: Any, wanted: Sequence[str] | None, aside: Sequence[str], where: str
) -> tuple[list[str], tuple[str, ...]]:
    """The columns that make up the vectors, and a note on the columns left out."""
    if wanted is not None:
        require_columns(table, wanted, "data.columns", where)
        double = [name for name in wanted if name in aside or list(wanted).count(name) > 1]
        if double or not wanted:
            what = f"'{double[0]}' is named twice, or is the label or the key" if double else "names no column"
            raise InputError(f"{where}: data.columns: {what}; name each column of numbers once")
        return list(wanted), ()
    others = [field for field in table.schema if field.name not in aside]
    for field in others:
        if is_text(field.type):
            _refuse_stray_text(table.column(field.name), field.name, where)
    # Of a column without any cell the type is not known; it is refused by name later, not left out unseen.
    names = [field.name for field in others if is_numeric(field.type) or str(field.type) == "null"]
    if not names:
        columns = ", ".join(f"{field.name} ({field.type})" for field in table.schema)
        raise InputError(f"{where}: no column holds numbers or vectors; columns: {columns}")
    left = [field.name for field in others if field.name not in names]
    if not left:
        return names, ()
    return names, (f"Left out {count(len(left), 'column')} without numbers: {some(left)}.",)


def _refuse_stray_text(column: Any, name: str, where: str) -> None:
    """Raises InputError where a column is of text only because a few of its cells are no numbers."""
    cells = [(row, cell) for row, cell in enumerate(column.to_pylist()) if cell]
    stray = [(row, cell) for row, cell in cells if not _ONE_NUMBER.fullmatch(cell)]
    if stray and 2 * len(stray) < len(cells):
        row, cell = stray[0]
        raise InputError(
            f"{where}: column '{name}', row {row} (from 0): {cell!r} is not a number, as most of the column's cells "
            "are; repair it, or name the columns to use with data.columns="
        )


def _listed_vectors(column: Any, name: str, where: str) -> npt.NDArray[Any]:
    """[rows, width] from a column of lists, or of text such as "[0.1, 0.2]"; NaN where a vector is missing."""
    if is_list(column.type) and is_numeric(column.type.value_type):
        lengths, values = _flat_lists(column)
    elif is_text(column.type):
        lengths, values = _flat_text(column, name, where)
    else:
        raise InputError(
            f"{where}: data.vector_column={name} is of type {column.type}, not of lists of numbers; columns of single "
            "numbers are named with data.columns="
        )
    there = np.flatnonzero(lengths >= 0)
    if not there.size:
        raise InputError(f"{where}: column '{name}' has no vector in any row; export the table again")
    width = int(lengths[there[0]])
    ragged = there[lengths[there] != width]
    if ragged.size:
        raise InputError(
            f"{where}: column '{name}', row {ragged[0]} (from 0): {lengths[ragged[0]]} numbers, expected {width} as in "
            "the rows before"
        )
    vectors = np.full((len(lengths), width), np.nan, dtype=np.float32)
    with np.errstate(over="ignore"):
        vectors[there] = values.reshape(len(there), width)
    return vectors


def _flat_lists(column: Any) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Lengths [rows], -1 for a missing list, and the numbers of all lists one after another."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.fill_null(pc.list_value_length(column).cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    values = pc.list_flatten(column)
    if values.null_count:
        values = values.cast(pa.float64())
    return lengths, values.to_numpy(zero_copy_only=False)


def _flat_text(column: Any, name: str, where: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    lengths = np.full(len(column), -1, dtype=np.int64)
    rows: list[npt.NDArray[np.float64]] = []
    for row, cell in enumerate(column.to_pylist()):
        if not (cell or "").strip():
            continue
        try:
            numbers = [float(number) for number in re.split(_BETWEEN, cell.strip().strip("[]()").strip())]
        except ValueError as error:
            raise InputError(
                f"{where}: column '{name}', row {row} (from 0): {cell[:60]!r} is not a vector such as '[0.1, 0.2]'; "
                "repair it, or export the table as Parquet"
            ) from error
        lengths[row] = len(numbers)
        rows.append(np.asarray(numbers))
    return lengths, np.concatenate(rows) if rows else np.empty(0)
