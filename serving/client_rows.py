"""A user's rows as what a signature takes: arrays of its types, by name where it has several inputs.

Cells become what `zoo.Encoder.encode` makes of them, since both must give the same codes for the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from serving.client_signature import Tensor, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CELL_BYTES = 32  # of a string, where their lengths are not known
_SPARSE = {"indices", "values"}


class InputRows:
    """Rows for the inputs of a signature, converted in chunks: all of them at once would take their memory twice.

    Args:
        model: its name, for messages.
        inputs: name -> what the signature takes.
        rows: an array [n, ...], nested lists, a DataFrame or Table, a mapping of columns, a list of mappings, a SciPy
            sparse array for `indices` and `values`, or a list of lists of items.

    Raises:
        ValueError: rows that are not the signature's inputs.
    """

    def __init__(self, model: str, inputs: Mapping[str, Tensor], rows: Any) -> None:
        self._inputs = inputs
        self._sparse = rows.tocsr() if hasattr(rows, "tocsr") and set(inputs) == _SPARSE else None
        self._columns = {} if self._sparse is not None else _by_input(model, inputs, rows)
        if self._sparse is None and len({len(column) for column in self._columns.values()}) > 1:
            raise ValueError("the columns differ in length")

    def __len__(self) -> int:
        if self._sparse is not None:
            return int(self._sparse.shape[0])
        return len(next(iter(self._columns.values())))

    @property
    def row_bytes(self) -> int:
        """About how many bytes a row takes in a request."""
        if self._sparse is not None:
            return int(8 * self._sparse.nnz / max(1, len(self))) + 1
        sizes = (
            max(1, int(np.prod(column.shape[1:]))) * max(1, self._inputs[name].dtype.itemsize)
            if self._inputs[name].dtype.kind != "O"
            else _CELL_BYTES * max(1, int(np.prod(column.shape[1:])))
            for name, column in self._columns.items()
        )
        return max(1, sum(sizes))

    def chunk(self, first: int, last: int) -> dict[str, Any]:
        """Input name -> array of the rows from first to before last.

        Raises:
            ValueError: cells that the input's type cannot hold.
        """
        if self._sparse is not None:
            return _padded(self._sparse[first:last])
        return {name: typed(column[first:last], self._inputs[name]) for name, column in self._columns.items()}

    def chunks(self, size: int) -> Iterator[dict[str, Any]]:
        """Arrays of so many rows."""
        for first in range(0, len(self), size):
            yield self.chunk(first, first + size)


def typed(values: Any, tensor: Tensor) -> Any:
    """An array of the type and shape that the signature declares.

    Raises:
        ValueError: another shape, or values that the type cannot hold.
    """
    if tensor.dtype.kind == "O":
        array = _strings(values, len(tensor.shape))
    else:
        given = _numbers(values)
        with np.errstate(invalid="ignore", over="ignore"):  # what does not fit, which the next lines refuse
            array = given.astype(tensor.dtype, copy=False)
        _require_held(given, array)
    if not tensor.fits(array.shape) and tensor.fits((*array.shape, 1)):
        array = array[..., np.newaxis]  # images of one channel
    if array.shape == (0,):
        array = array.reshape(0, *(max(size, 0) for size in tensor.shape[1:]))
    if not tensor.fits(array.shape):
        hint = "; a single row is encode([row])" if tensor.fits((1, *array.shape)) else ""
        raise ValueError(f"takes rows {tensor.described()}, not {list(array.shape)}{hint}")
    return array


def _require_held(given: Any, array: Any) -> None:
    """Raises for numbers that were changed by more than rounding."""
    kind = array.dtype.kind
    lost = kind in "iu" and given.dtype.kind in "iuf" and not np.array_equal(array, given)
    lost |= kind == "f" and bool((np.isinf(array) & np.isfinite(given)).any())
    if lost:
        raise ValueError(f"takes {array.dtype.name}, which cannot hold some of the numbers given")


def _by_input(model: str, inputs: Mapping[str, Tensor], rows: Any) -> dict[str, Any]:
    """Input name -> its column, as an array of whatever type it came in."""
    columns = _named(rows)
    if columns is None and len(inputs) > 1:
        raise ValueError(f"{model} takes columns by name: {', '.join(inputs)}; missing: {', '.join(sorted(inputs))}")
    if columns is None:
        name, tensor = next(iter(inputs.items()))
        return {name: _column(rows, tensor)}
    only, tensor = next(iter(inputs.items()))
    if len(inputs) == 1 and only not in columns and hasattr(rows, "to_numpy"):
        return {only: _column(rows.to_numpy(), tensor)}  # a DataFrame of numbers, or of one column of vectors
    missing = sorted(set(inputs) - set(columns))
    if missing:
        hint = nearest(missing[0], set(columns) - set(inputs)).replace("did you mean", f"is {missing[0]!r}")
        words = f"{model} takes columns by name: {', '.join(inputs)}; missing: {', '.join(missing)}"
        raise ValueError(f"{words}{hint}; there are {', '.join(columns) or 'none'}")
    return {name: _column(columns[name], tensor) for name, tensor in inputs.items()}


def _named(rows: Any) -> dict[str, Any] | None:
    """Rows of named columns by name; None for rows without names."""
    if isinstance(rows, Mapping):
        return {str(name): column for name, column in rows.items()}
    if hasattr(rows, "column_names"):  # an Arrow table, or batches of one
        return {name: rows.column(name) for name in rows.column_names}
    if hasattr(rows, "columns") and hasattr(rows, "to_numpy"):  # a DataFrame, of pandas or polars
        return {str(name): rows[name] for name in rows.columns}
    if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(str(name) for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}
    return None


def _column(values: Any, tensor: Tensor) -> Any:
    """Something with a length and slices, without looking at the cells."""
    if hasattr(values, "to_numpy"):  # of pandas, polars or Arrow
        values = values.to_numpy()
    if tensor.dtype.kind == "O" and len(tensor.shape) > 1 and isinstance(values, list | tuple):
        return _Lists(values)  # of items, of different lengths
    if isinstance(values, np.ndarray):
        return values if values.ndim else values.reshape(1)
    return np.asarray(values, dtype=object) if tensor.dtype.kind == "O" else _nested(values)


class _Lists(list[Any]):
    """Rows that are lists of different lengths."""

    @property
    def shape(self) -> tuple[int, int]:
        return len(self), max((len(row) if hasattr(row, "__len__") else 1 for row in self), default=0)


def _nested(values: Any) -> Any:
    """Nested lists, or a tensor, as an array; of objects where they are not all numbers."""
    try:
        return np.asarray(values)
    except ValueError:
        raise ValueError("takes rows of one shape; these differ in length") from None


def _numbers(values: Any) -> Any:
    """Cells as numbers: what is missing becomes NaN, text is read as Python reads it."""
    array = np.asarray(values)
    if array.dtype == object:
        array = _nested(_without_missing(array))
    if array.dtype.kind in "biuf":
        return array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError("takes numbers; these are not all numbers") from None


def _without_missing(cells: Any) -> list[Any]:
    """An array of objects as nested lists, with pandas' missing value as NaN; cells may be numbers or vectors."""
    rows = cells[:, 0] if cells.ndim == 2 and cells.shape[1] == 1 and np.ndim(cells[:1, 0].tolist()) > 1 else cells
    return [
        _without_missing(row) if isinstance(row, np.ndarray) and row.dtype == object else _or_nan(row) for row in rows
    ]


def _or_nan(cell: Any) -> Any:
    return float("nan") if cell is None or type(cell).__name__ in {"NAType", "NaTType"} else cell


def _strings(values: Any, rank: int) -> Any:
    """Cells as bytes; lists of items of different lengths are filled up with nothing."""
    if rank == 2 and not (isinstance(values, np.ndarray) and values.ndim == 2):
        rows = [_items(row) for row in values]
        cells = np.full((len(rows), max(map(len, rows), default=0)), b"", dtype=object)
        for number, row in enumerate(rows):
            cells[number, : len(row)] = [as_bytes(cell) for cell in row]
        return cells
    cells = np.asarray(values, dtype=object)
    return np.vectorize(as_bytes, otypes=[object])(cells) if cells.size else cells


def _items(row: Any) -> Sequence[Any]:
    if isinstance(row, str | bytes) or not hasattr(row, "__iter__"):
        raise ValueError("takes a list of lists of items")
    return list(row)


def as_bytes(cell: Any) -> bytes:
    """A cell as the encoders' strings: nothing for a missing one, whole numbers without a point."""
    if isinstance(cell, bytes):
        return cell
    if cell is None or cell != cell or type(cell).__name__ in {"NAType", "NaTType"}:  # noqa: PLR0124  NaN
        return b""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell).encode("utf-8", "surrogateescape")


def _padded(rows: Any) -> dict[str, Any]:
    """CSR rows [n, columns] as `indices` [n, items] int32 padded with -1 and `values` [n, items] float32."""
    counts = np.diff(rows.indptr)
    longest = int(counts.max(initial=0))
    taken = np.arange(longest) < counts[:, None]
    indices = np.full((len(counts), longest), -1, dtype=np.int32)
    values = np.zeros((len(counts), longest), dtype=np.float32)
    indices[taken], values[taken] = rows.indices, rows.data
    return {"indices": indices, "values": values}
