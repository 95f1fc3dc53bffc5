"""Cells of a user's rows as arrays of a signature's types.

They become what `zoo.Encoder.encode` makes of them, since both must give the same codes for the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serving.client_signature import Tensor


class Cells:
    """A column of cells, of whatever kind it came, that is looked at slice by slice.

    Args:
        values: an array, list, tensor, or a column of pandas or Arrow.

    Raises:
        ValueError: nested lists of different lengths.
    """

    def __init__(self, values: Any) -> None:
        known = isinstance(values, np.ndarray | list) or hasattr(values, "iloc") or hasattr(values, "to_pylist")
        values = values if known else list(values) if isinstance(values, tuple) else np.asarray(values)
        self._values = values.reshape(1) if isinstance(values, np.ndarray) and not values.ndim else values

    def __len__(self) -> int:
        return len(self._values)

    def part(self, first: int, last: int) -> Any:
        """The cells from first to before last."""
        values = self._values
        return values.iloc[first:last] if hasattr(values, "iloc") else values[first:last]


def typed(values: Any, tensor: Tensor) -> Any:
    """An array of the type and shape that the signature declares.

    Raises:
        ValueError: another shape, or values that the type cannot hold.
    """
    if tensor.dtype.kind == "O":
        array = _strings(values, len(tensor.shape))
    else:
        given = _numbers(values, is_ragged=tensor.shape[1:] == (-1,))
        with np.errstate(invalid="ignore", over="ignore"):  # what does not fit, which the next lines refuse
            array = given.astype(tensor.dtype, copy=False)
        _require_held(given, array)
    if not tensor.fits(array.shape) and tensor.shape[-1:] == (1,) and tensor.fits((*array.shape, 1)):
        array = array[..., np.newaxis]  # images of one channel
    if array.shape == (0,):
        array = array.reshape(0, *(max(size, 0) for size in tensor.shape[1:]))
    if not tensor.fits(array.shape):
        hint = "; a single row is encode([row])" if tensor.fits((1, *array.shape)) else ""
        raise ValueError(f"takes rows {tensor.described()}, not {list(array.shape)}{hint}")
    return array


def stacked(columns: Sequence[Cells], first: int, last: int) -> Any:
    """Cells of several columns as the columns of one array [n, columns]."""
    return np.stack([_numbers(column.part(first, last)) for column in columns], axis=1)


def as_bytes(cell: Any) -> bytes:
    """A cell as the encoders' strings: nothing for a missing one, whole numbers without a point."""
    if isinstance(cell, bytes):
        return cell
    if _is_missing(cell):
        return b""
    if isinstance(cell, float | np.floating):
        number = float(cell)  # all digits: a float32 is written as the float64 that it equals
        return (str(int(number)) if number.is_integer() else repr(number)).encode()
    return str(cell).encode("utf-8", "surrogateescape")


def padded(rows: Any) -> dict[str, Any]:
    """CSR rows [n, columns] as `indices` [n, items] int32 padded with -1 and `values` [n, items] float32."""
    counts = np.diff(rows.indptr)
    longest = int(counts.max(initial=0))
    taken = np.arange(longest) < counts[:, None]
    indices = np.full((len(counts), longest), -1, dtype=np.int32)
    values = np.zeros((len(counts), longest), dtype=np.float32)
    indices[taken], values[taken] = rows.indices, rows.data
    return {"indices": indices, "values": values}


def not_finite(array: Any) -> list[int]:
    """The rows of an array [n, ...] that hold NaN or infinity."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return []
    rows: list[int] = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(axis=1)).tolist()
    return rows


def _require_held(given: Any, array: Any) -> None:
    """Raises for numbers that were changed by more than rounding."""
    kind = array.dtype.kind
    lost = kind in "iu" and given.dtype.kind in "iuf" and not np.array_equal(array, given)
    lost |= kind == "f" and bool((np.isinf(array) & np.isfinite(given)).any())
    if lost:
        raise ValueError(f"takes {array.dtype.name}, which cannot hold some of the numbers given")


def _numbers(values: Any, *, is_ragged: bool = False) -> Any:
    """Cells as numbers: what is missing becomes NaN, text is read as Python reads it."""
    if hasattr(values, "to_pylist"):  # of Arrow
        values = values.to_pylist()
    elif hasattr(values, "to_numpy"):  # of pandas
        values = values.to_numpy()
    if is_ragged and not (isinstance(values, np.ndarray) and values.ndim > 1):
        return _filled([list(row) for row in values], 0.0, np.float64)
    if isinstance(values, np.ndarray) and values.dtype == object:
        values = _without_missing(values)
    try:
        array = np.asarray(values)
        if array.dtype == object:
            array = np.asarray(_without_missing(array))
        return array if array.dtype.kind in "biuf" else array.astype(np.float64)
    except (TypeError, ValueError) as error:
        is_uneven = "inhomogeneous" in str(error) or "setting an array element with a sequence" in str(error)
        raise ValueError(
            f"takes numbers; these rows {'differ in length' if is_uneven else 'are not all numbers'}"
        ) from None


def _without_missing(cells: Any) -> list[Any]:
    """An array of objects as nested lists, with pandas' missing value as NaN; cells may be numbers or vectors."""
    rows = cells[:, 0] if cells.ndim == 2 and cells.shape[1] == 1 and np.ndim(cells[:1, 0].tolist()) > 1 else cells
    return [
        _without_missing(row)
        if isinstance(row, np.ndarray) and row.dtype == object
        else float("nan")
        if not isinstance(row, np.ndarray | list) and _is_missing(row)
        else row
        for row in rows
    ]


def _is_missing(cell: Any) -> bool:
    return cell is None or type(cell).__name__ in {"NAType", "NaTType"} or bool(cell != cell)  # noqa: PLR0124  NaN


def _strings(values: Any, rank: int) -> Any:
    """Cells as bytes; lists of items of different lengths are filled up with nothing."""
    if rank > 2:
        nested = np.asarray(values, dtype=object)
        return np.vectorize(as_bytes, otypes=[object])(nested) if nested.size else nested
    cells = values.to_pylist() if hasattr(values, "to_pylist") else values
    cells = cells.tolist() if hasattr(cells, "tolist") else list(cells)
    if rank == 2:
        return _filled([[as_bytes(cell) for cell in items(row)] for row in cells], b"", object)
    strings = np.empty(len(cells), dtype=object)
    strings[:] = [as_bytes(cell) for cell in cells]
    return strings


def items(row: Any) -> list[Any]:
    """A basket's items; raises ValueError for what is none."""
    if isinstance(row, str | bytes) or not hasattr(row, "__iter__"):
        raise ValueError("takes a list of lists of items")
    return list(row)


def _filled(rows: list[list[Any]], empty: Any, dtype: Any) -> Any:
    """Lists of different lengths as an array [n, longest]."""
    array = np.full((len(rows), max(map(len, rows), default=0)), empty, dtype=dtype)
    for number, row in enumerate(rows):
        array[number, : len(row)] = row
    return array
