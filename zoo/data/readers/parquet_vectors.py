"""Parquet, with the vectors in one column of lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from zoo.data.readers._table import Table
from zoo.errors import InputError, suggestion
from zoo.tables.keys import column_keys
from zoo.tables.parquet_file import open_parquet, text_columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    from zoo.types import Floats

_BLOCK = 16_384  # rows


class ParquetVectors:
    """Reads a Parquet file that holds each vector as a list of numbers.

    Keys are the column `key_column`, else the first column of strings, else row numbers. Vectors are the column
    `vector_column`, else the only column of lists of numbers.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def read(
        self, path: Path, limit: int | None = None, key_column: str | None = None, vector_column: str | None = None
    ) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: no such column, none or several that could be meant, or a vector that is missing, incomplete
                or of another width.
        """
        with open_parquet(path) as file:
            schema, available = file.schema_arrow, file.metadata.num_rows
            vector_name = _vector_column(path, schema, vector_column)
            key_name, notes = _key_column(path, schema, key_column)
            rows = available if limit is None else min(available, limit)
            columns = [vector_name] if key_name is None else [vector_name, key_name]
            keys: list[str] = []
            table: Floats = np.empty((0, 0), dtype=np.float32)
            row = 0
            for batch in file.iter_batches(batch_size=_BLOCK, columns=columns):
                part = batch.slice(0, rows - row)
                block = _vectors(part.column(vector_name), path, vector_name, row, table.shape[1] or None)
                if not row:
                    table = np.empty((rows, block.shape[1]), dtype=np.float32)
                with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then reported as such
                    table[row : row + len(block)] = block
                keys += _keys(part, path, key_name, row)
                row += len(block)
                if row >= rows:
                    break
        return Table(keys, table, available=available, notes=notes)


def _vector_column(path: Path, schema: Any, wanted: str | None) -> str:
    lists = [field.name for field in schema if _is_vector(field.type)]
    if wanted is not None:
        _known(path, "data.vector_column", wanted, schema.names)
        if wanted not in lists:
            raise InputError(
                f"{path}: data.vector_column={wanted} is of type {schema.field(wanted).type}, not a list of numbers; "
                f"{suggestion(wanted, lists, what='columns of lists')}"
            )
        return wanted
    if not lists:
        raise InputError(
            f"{path}: no column holds vectors (lists of numbers); columns: "
            f"{', '.join(f'{field.name} ({field.type})' for field in schema)}"
        )
    if len(lists) > 1:
        raise InputError(f"{path}: several columns hold vectors; choose with data.vector_column= one of {lists}")
    return str(lists[0])


def _key_column(path: Path, schema: Any, wanted: str | None) -> tuple[str | None, tuple[str, ...]]:
    if wanted is not None:
        _known(path, "data.key_column", wanted, schema.names)
        return wanted, ()
    texts = text_columns(schema)
    if not texts:
        return None, ("No column of strings, so keys are row numbers; data.key_column= names another column.",)
    if len(texts) > 1:
        return texts[0], (f"Keys are the first column of strings, '{texts[0]}'; data.key_column= names another.",)
    return texts[0], ()


def _known(path: Path, option: str, wanted: str, names: Sequence[str]) -> None:
    if wanted not in names:
        raise InputError(f"{path}: {option}={wanted}: no such column; {suggestion(wanted, names, what='columns')}")


def _is_vector(kind: Any) -> bool:
    import pyarrow as pa

    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)))


def _keys(batch: Any, path: Path, name: str | None, first_row: int) -> list[str]:
    if name is None:
        return [str(row) for row in range(first_row, first_row + batch.num_rows)]
    return column_keys(batch.column(name), path, name, first_row)


def _vectors(column: Any, path: Path, name: str, first_row: int, width: int | None) -> npt.NDArray[Any]:
    """A block [rows, width] of the vector column; `width` None takes the first row's."""
    import pyarrow.compute as pc

    missing = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
    if missing.size:
        raise InputError(f"{path}: column '{name}' has no vector in row {first_row + missing[0]} (from 0)")
    lengths = pc.list_value_length(column).to_numpy(zero_copy_only=False)
    expected = int(lengths[0]) if width is None else width
    ragged = np.flatnonzero(lengths != expected)
    if ragged.size:
        raise InputError(
            f"{path}: column '{name}', row {first_row + ragged[0]} (from 0): {lengths[ragged[0]]} numbers, expected "
            f"{expected} as in the rows before"
        )
    values = column.flatten()
    holes = np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False))
    if holes.size:
        row, place = divmod(int(holes[0]), expected)
        raise InputError(
            f"{path}: column '{name}', row {first_row + row} (from 0): number {place + 1} of {expected} is missing"
        )
    block: npt.NDArray[Any] = values.to_numpy(zero_copy_only=False).reshape(len(column), expected)
    return block
