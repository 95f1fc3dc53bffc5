"""What kinds of rows share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

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


def tidied(text: str) -> str:
    """Lower case, without white space at the ends, one blank for any other white space."""
    return " ".join(text.lower().split())


def as_csr(rows: Any, columns: int) -> Any:
    if not hasattr(rows, "tocsr"):
        raise ValueError(f"takes sparse rows [n, {columns}], a SciPy sparse array, not {type(rows).__name__}")
    csr = rows.tocsr()
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
    if cell is None or cell != cell or type(cell).__name__ in {"NAType", "NaTType"}:  # noqa: PLR0124  NaN
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
