"""What kinds of rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.tables.cells import whole

if TYPE_CHECKING:
    from collections.abc import Sequence

# The first two columns of a categorical field: for a cell that is empty, and for a category that was rare where the
# table was read or is not known at all.
MISSING, OTHER = "<missing>", "<other>"


def padded(rows: Any) -> dict[str, Any]:
    """CSR rows [n, columns] as `indices` [n, items] int32 padded with -1 and `values` [n, items] float32."""
    counts = np.diff(rows.indptr)
    longest = int(counts.max(initial=0))
    taken = np.arange(longest) < counts[:, None]
    indices = np.full((len(counts), longest), -1, dtype=np.int32)
    values = np.zeros((len(counts), longest), dtype=np.float32)
    indices[taken], values[taken] = rows.indices, rows.data
    return {"indices": indices, "values": values}


def require_finite(values: Any) -> Any:
    """Values [n, ...] as they are.

    Raises:
        ValueError: rows that are not finite.
    """
    finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    if not finite.all():
        first = np.flatnonzero(~finite)[:5].tolist()
        raise ValueError(f"{int((~finite).sum())} of {len(finite)} rows hold NaN or infinity, the first at {first}")
    return values


def as_csr(rows: Any, columns: int) -> Any:
    if not hasattr(rows, "tocsr"):
        raise ValueError(f"takes sparse rows [n, {columns}], a SciPy sparse array, not {type(rows).__name__}")
    csr = rows.tocsr(copy=True)
    csr.sum_duplicates()
    if csr.shape[1] != columns and columns < np.iinfo(np.int32).max:
        raise ValueError(f"takes sparse rows [n, {columns}], not {list(csr.shape)}")
    return csr


def hash_table(keys: Sequence[str], values: Any, default: int) -> Any:
    tf = import_tensorflow()
    with tf.init_scope():  # outside of the graph that first asks for it: other graphs use the same table
        pairs = tf.lookup.KeyValueTensorInitializer(list(keys), list(values), tf.string, tf.int64)
        return tf.lookup.StaticHashTable(pairs, default_value=default)


def text_of(cell: Any) -> str:
    """A cell as text; "" for a missing one."""
    if cell is None or type(cell).__name__ in {"NAType", "NaTType"} or cell != cell:  # noqa: PLR0124  NaN
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    if hasattr(cell, "total_seconds"):
        cell = cell.total_seconds()
    if isinstance(cell, float | np.floating):
        number = float(cell)  # all digits: a float32 is written as the float64 that it equals
        return str(int(number)) if number.is_integer() else repr(number)
    return str(cell)


def texts_of(column: Any) -> Any:
    """A `pyarrow.Array` or `ChunkedArray` [n] of single cells as strings [n], "" for a missing one."""
    texts, codes = unique_texts(column)
    return np.asarray(["", *texts], dtype=object)[codes + 1]


def unique_texts(column: Any) -> tuple[list[str], Any]:
    """The different cells of an Arrow column as strings, and which one each row [n] has; -1 for null."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_null(column.type):
        return [], np.full(len(column), -1, dtype=np.int64)
    coded = whole(column).dictionary_encode()
    codes = pc.fill_null(coded.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
    return [text_of(cell) for cell in coded.dictionary.to_pylist()], codes
