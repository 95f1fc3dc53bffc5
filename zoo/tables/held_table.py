"""Tables that a user holds in memory, whatever they came in."""

from __future__ import annotations

import datetime
import hashlib
import math
from collections.abc import Mapping
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, one_line
from zoo.tables.cells import plain_text
from zoo.tables.memory_table import MemoryTable
from zoo.tables.npy_table import COLUMN
from zoo.tables.npz_table import as_column
from zoo.tables.sparse_npz import matrix_table

if TYPE_CHECKING:
    from collections.abc import Sequence

INDEX = "index"  # what the index of a frame is called that has no name
_SINGLE = (str, bytes, Number, np.generic, datetime.date, datetime.time)  # what a cell may be that is written as text
_TAKEN = "an array, a DataFrame, an Arrow table, a mapping of columns, or the path of a file"


def held_table(held: Any, name: str) -> MemoryTable:
    """A table of rows in memory, as `open_table` gives one of a file.

    Args:
        held: a DataFrame of pandas or polars, or a column of one; whatever speaks Arrow (`__arrow_c_stream__`); an
            array or tensor [rows, ...] of numbers (`__array__`); a SciPy sparse array; a mapping of columns; a list of
            mappings, or of rows. What is such a table already is taken as it is.
        name: what to call it in messages, such as the argument that it was given as.

    Raises:
        InputError: nothing of these, or a table that Arrow cannot hold.
    """
    import pyarrow as pa

    if isinstance(held, MemoryTable):
        return held
    try:
        return _table(_plain(held), name)
    except (pa.ArrowException, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"{name}: this {type(held).__name__} cannot be read as a table ({one_line(error)}); give {_TAKEN}"
        ) from error


def index_name(held: Any) -> str | None:
    """The column that `held_table` makes of a pandas frame's index, where it names the rows; otherwise None.

    An index that counts the rows, repeats itself or has several levels names none.
    """
    index = getattr(held, "index", None)
    if not _is_pandas(held) or index is None or index.nlevels > 1 or not index.is_unique or index.hasnans:
        return None
    if index.dtype.kind not in "iuOST" or (index.dtype.kind in "iu" and (index == np.arange(len(index))).all()):
        return None
    return INDEX if index.name is None else str(index.name)


def with_columns(table: MemoryTable, columns: Mapping[str, Any]) -> tuple[MemoryTable, dict[str, str]]:
    """A table with more columns beside its own.

    Args:
        table: what `held_table` gave.
        columns: what each is for -> its cells, one for each row: an array, a list or a column of a frame.

    Returns:
        The table, and what each is for -> what it is called there.

    Raises:
        InputError: not one cell for each row.
    """
    rows, added = table.arrow, {}
    for use, cells in columns.items():
        found = list(cells.to_pylist() if hasattr(cells, "to_pylist") else np.asarray(cells, dtype=object).ravel())
        said = use.removesuffix("_column")
        if len(found) != rows.num_rows:
            raise InputError(f"{said}: {len(found):,} of them for {rows.num_rows:,} rows; give one for each row")
        name = said
        while name in rows.column_names:
            name = f"{name}_"
        rows = rows.append_column(name, column_of_objects(found))
        added[use] = name
    is_of_images = table.row_shape is not None and len(table.row_shape) > 1
    shape = table.row_shape if is_of_images else None  # rows of vectors have their width in the column's type
    return MemoryTable(table.name, rows, _identity(rows, table.name), row_shape=shape), added


def spread(table: MemoryTable) -> MemoryTable:
    """An array of rows [n, width] as a table of so many columns, which are called by their places."""
    import pyarrow as pa

    cells = table.arrow.column(0).combine_chunks()
    numbers = cells.flatten().to_numpy(zero_copy_only=False).reshape(len(cells), -1)
    columns = pa.table({str(place): pa.array(numbers[:, place]) for place in range(numbers.shape[1])})
    return MemoryTable(table.name, columns, table.identity())


def _is_pandas(held: Any) -> bool:
    return hasattr(held, "iloc") and hasattr(held, "index")


def _plain(held: Any) -> Any:
    """A column of a frame as a frame, a lazy frame as its rows; a list as an array, if it is one."""
    if type(held).__name__ == "LazyFrame":
        return held.collect()
    if hasattr(held, "to_frame"):
        return held.to_frame(*(["column"] if getattr(held, "name", "") is None else []))
    if isinstance(held, list | tuple) and not (held and all(isinstance(row, Mapping) for row in held)):
        try:
            array = np.asarray(held)
        except ValueError:  # rows of several lengths
            return held
        return array if array.ndim > 1 and array.dtype.kind in "biuf" else held
    return held


def _table(held: Any, name: str) -> MemoryTable:
    import pyarrow as pa

    if hasattr(held, "tocsr"):
        table = matrix_table(held, name)
    elif _is_pandas(held):
        names = [str(each) for each in held.columns]
        index = index_name(held)
        if index is not None and index not in names:
            held = held.rename_axis(index).reset_index()
        table = _of_pandas(held)
    elif hasattr(held, "__arrow_c_stream__") and not isinstance(held, pa.Array | pa.ChunkedArray):
        table = pa.table(held)
    elif isinstance(held, Mapping):
        table = pa.table({str(key): as_column(c) if isinstance(c, np.ndarray) else c for key, c in held.items()})
    elif isinstance(held, list | tuple):
        table = _of_list(held)
    elif hasattr(held, "__array__") and not hasattr(held, "to_pylist"):
        if isinstance(held, np.ma.MaskedArray):
            held = np.ma.filled(held.astype(np.float64), np.nan)  # what is masked is missing
        return _of_array(np.asarray(held), name)
    else:
        table = pa.table({COLUMN: held})
    return MemoryTable(name, table, _identity(table, name))


def _of_pandas(held: Any) -> Any:
    import pyarrow as pa

    try:
        return pa.Table.from_pandas(held, preserve_index=False).replace_schema_metadata(None)
    except pa.ArrowException:  # cells of several types in a column
        names = [str(name) for name in held.columns]
        return pa.table([column_of_objects(held.iloc[:, place]) for place in range(len(names))], names=names)


def column_of_objects(cells: Any) -> Any:
    """Cells of a column as a `pyarrow.Array`: of several types, such as numbers and words, as text."""
    import pyarrow as pa

    try:
        return pa.array(cells, from_pandas=True)
    except pa.ArrowException:
        if not all(isinstance(cell, _SINGLE) or _is_nothing(cell) for cell in cells):
            raise
        return pa.array([None if _is_nothing(cell) else plain_text(cell) for cell in cells], pa.large_string())


def _is_nothing(cell: Any) -> bool:
    """Whether a cell of a column of Python's objects is missing: None, NaN, or pandas' marks."""
    is_nan = isinstance(cell, float) and math.isnan(cell)
    return cell is None or is_nan or type(cell).__name__ in {"NAType", "NaTType"}


def table_of_mappings(rows: Sequence[Mapping[str, Any]]) -> Any:
    """A `pyarrow.Table` of mappings, with a column for each key that any of them has."""
    import pyarrow as pa

    names = dict.fromkeys(key for row in rows for key in row)
    return pa.table({str(name): column_of_objects([row.get(name) for row in rows]) for name in names})


def _of_list(held: Any) -> Any:
    """Records, lists of items, or rows of cells of several types."""
    import pyarrow as pa

    if held and all(isinstance(row, Mapping) for row in held):
        return table_of_mappings(held)
    if held and all(isinstance(row, tuple) for row in held):
        return pa.table({str(place): list(cells) for place, cells in enumerate(zip(*held, strict=True))})
    return pa.table({COLUMN: pa.array(list(held))})


def _of_array(array: Any, name: str) -> MemoryTable:
    import pyarrow as pa

    if array.dtype.names:
        table = pa.table({each: as_column(array[each]) for each in array.dtype.names})
        return MemoryTable(name, table, _identity(table, name))
    if array.ndim == 2 and array.dtype.kind in "OSU":
        try:
            array = array.astype(np.float64)
        except (ValueError, TypeError):
            table = pa.table({str(place): array[:, place].tolist() for place in range(array.shape[1])})
            return MemoryTable(name, table, _identity(table, name))
    if array.dtype.kind not in "biuf":
        raise InputError(
            f"{name}: an array of type {array.dtype}, and numbers are wanted; convert it, or give {_TAKEN}"
        )
    if array.ndim < 2:
        raise InputError(
            f"{name}: expected rows [n, ...], found an array of shape {list(array.shape)}"
            + ("; a single row is array[None, :]" if array.ndim else "")
        )
    if not array.size:
        raise InputError(f"{name}: an array of shape {list(array.shape)} has no numbers")
    table = pa.table({COLUMN: as_column(array.astype(np.uint8) if array.dtype.kind == "b" else array)})
    return MemoryTable(name, table, _identity(table, name), row_shape=tuple(array.shape[1:]))


def _identity(table: Any, name: str) -> dict[str, Any]:
    """What tells tables of other content apart."""
    import pyarrow as pa

    digest = _Digest()
    with pa.ipc.new_stream(pa.PythonFile(digest, "w"), table.schema) as stream:
        stream.write_table(table)
    return {"path": name, "bytes": int(table.nbytes), "changed": digest.hash.hexdigest()}


class _Digest:
    """A file that keeps what was written to it as a digest only."""

    closed = False

    def __init__(self) -> None:
        self.hash = hashlib.blake2b(digest_size=16)

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""
