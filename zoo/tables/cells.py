"""Arrow's columns as NumPy arrays, without a Python object for each number."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_CACHED = 4096  # rows at a time when columns become rows, so that they stay in the processor's cache


def dense_rows(table: Any, shape: Sequence[int], first: int, where: str) -> npt.NDArray[np.float32]:
    """[rows, *shape] from one column of lists, nested or flat, or from a column for each number.

    Raises:
        InputError: a missing list, lists of other lengths, or rows with NaN or infinity, by their row.
    """
    if table.num_columns == 1 and is_list(table.column(0).type):
        numbers = _listed(_whole(table.column(0)), shape, first, where)
    else:
        columns = [_floats(_whole(column)) for column in table.columns]
        numbers = np.empty((table.num_rows, len(columns)), np.float32)
        with np.errstate(over="ignore"):
            for start in range(0, len(numbers), _CACHED):
                for place, column in enumerate(columns):
                    numbers[start : start + _CACHED, place] = column[start : start + _CACHED]
    _require_finite(numbers, first, where)
    return numbers.reshape(-1, *shape)


def sparse_rows(table: Any, columns: int, first: int, where: str) -> Any:
    """A CSR array [rows, columns] from a column of lists of indices and one of lists of values.

    Raises:
        InputError: a missing list, lists that differ in length, indices that do not exist or values not finite.
    """
    from scipy.sparse import csr_array

    indices, values = (_whole(column) for column in table.columns)
    lengths, others = (_lengths(column, first, where) for column in (indices, values))
    _refuse(lengths != others, first, where, "indices and values differ in number")
    places, numbers = indices.flatten().to_numpy(zero_copy_only=False), _floats(values.flatten())
    row = np.repeat(np.arange(len(lengths)), lengths)
    wrong = np.zeros(len(lengths), bool)
    wrong[row[~((places >= 0) & (places < columns))]] = True
    _refuse(wrong, first, where, f"indices must lie between 0 and {columns - 1:,}")
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32, copy=False)
    wrong[row[~np.isfinite(numbers)]] = True
    _refuse(wrong, first, where, "NaN or infinity")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((numbers, places.astype(np.int32, copy=False), starts), shape=(len(lengths), columns))


def list_cells(column: Any) -> list[list[Any]]:
    """Lists of a column; a missing one is empty."""
    return [cell or [] for cell in column.to_pylist()]


def _listed(column: Any, shape: Sequence[int], first: int, where: str) -> npt.NDArray[Any]:
    """[rows, width] from a column of lists."""
    rows, width, wanted = len(column), math.prod(shape), list(shape)
    cells = 1  # lists in a row at this depth
    while is_list(column.type):
        lengths = _lengths(column, first, where, cells)
        inner_most = not is_list(column.type.value_type)
        size = width // cells if inner_most else (wanted.pop(0) if wanted else 0)
        wrong = lengths != size
        if wrong.any():
            found = int(lengths[wrong][0])
            _refuse(np.any(wrong.reshape(rows, -1), axis=1), first, where, f"{found:,} numbers and not {size:,}")
        column, cells = column.flatten(), cells * size
    if cells != width:
        raise InputError(f"{where}: lists of {cells:,} numbers, but the encoder takes rows of shape {list(shape)}")
    numbers = _floats(column)
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32, copy=False).reshape(rows, width)


def _lengths(column: Any, first: int, where: str, cells: int = 1) -> npt.NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        missing = column.is_null().to_numpy(zero_copy_only=False).reshape(-1, cells).any(axis=1)
        _refuse(missing, first, where, "the cell is empty")
    return np.asarray(pc.list_value_length(column).cast(pa.int64()).to_numpy(zero_copy_only=False))


def _floats(column: Any) -> npt.NDArray[Any]:
    """Numbers [n], NaN where one is missing; no copy where none is needed."""
    import pyarrow as pa

    if pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.float64())
    elif column.null_count:
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def _whole(column: Any) -> Any:
    """A column in one piece."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def _require_finite(numbers: npt.NDArray[np.float32], first: int, where: str) -> None:
    if np.isfinite(numbers.sum(dtype=np.float64)):  # NaN and infinity survive a sum: most blocks need no closer look
        return
    _refuse(np.any(~np.isfinite(numbers), axis=1), first, where, "NaN, infinity or an empty cell")


def _refuse(wrong: Any, first: int, where: str, what: str) -> None:
    """Raises InputError if any row is wrong."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        numbers = ", ".join(f"{first + int(row):,}" for row in rows[:5]) + (", .." if rows.size > 5 else "")
        raise InputError(
            f"{where}: {what} in row{'s' if rows.size > 1 else ''} {numbers} (from 0; {rows.size:,} of the "
            f"{len(wrong):,} rows from {first:,} on); repair or leave out {'them' if rows.size > 1 else 'it'}"
        )
