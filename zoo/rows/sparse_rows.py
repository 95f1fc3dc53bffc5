"""Sparse rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._added_up import added_up
from zoo.rows._cells import as_csr, padded, require_finite
from zoo.rows._table_columns import named_columns, require_lists
from zoo.rows.row_kind import SparseFeatures
from zoo.tables.cells import sparse_rows

if TYPE_CHECKING:
    from zoo.tables.table import Table

_COLUMNS = ("indices", "values")


@dataclass(frozen=True)
class SparseRows(SparseFeatures):
    """Rows of which only the columns that are not zero are kept.

    Attributes:
        columns: how many there are.
    """

    columns: int

    def __post_init__(self) -> None:
        """The shape of a row."""
        object.__setattr__(self, "shape", (self.columns,))

    def arrays(self, rows: Any) -> dict[str, Any]:
        """`indices` [n, items] int32, padded with -1, and `values` [n, items] float32, padded with 0.

        Args:
            rows: a SciPy sparse array or matrix [n, columns], or a mapping of the two arrays.

        Raises:
            ValueError: another kind of rows, another number of columns, or values that are not finite.
        """
        if isinstance(rows, Mapping) and set(rows) == {"indices", "values"}:
            given = {"indices": np.asarray(rows["indices"], np.int32), "values": np.asarray(rows["values"], np.float32)}
            if given["indices"].ndim != 2 or given["indices"].shape != given["values"].shape:
                shapes = [list(given[name].shape) for name in ("indices", "values")]
                raise ValueError(f"takes indices and values of one shape [n, items], not {shapes[0]} and {shapes[1]}")
            if given["indices"].max(initial=-1) >= self.columns or given["indices"].min(initial=0) < -1:
                raise ValueError(f"takes indices from 0 to {self.columns - 1}, and -1 where a row has no more items")
        else:
            given = padded(as_csr(rows, self.columns))
        require_finite(given["values"])
        return given

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return {
            "indices": tf.TensorSpec((None, None), tf.int32, name="indices"),
            "values": tf.TensorSpec((None, None), tf.float32, name="values"),
        }

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The entries, those of one column in a row added up, as a SciPy matrix counts them."""
        return added_up(arrays["indices"], arrays["values"], self.columns)

    def table_schema(self) -> list[tuple[str, str]]:
        """See `RowKind`."""
        return [("indices", "integers"), ("values", "numbers")]

    def require_matrix(self, table: Table, columns: int) -> None:
        """See `RowKind`."""
        if columns != self.columns:
            super().require_matrix(table, columns)

    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """See `RowKind`."""
        if named and len(named) != 2:
            raise InputError(f"columns: name two, of indices and of values, not {len(named)}")
        return require_lists(table, named or named_columns(table, "column", _COLUMNS), numbers=True)

    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """See `RowKind`."""
        return self.arrays(sparse_rows(block, self.columns, first, where))

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        return {"columns": self.columns}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> SparseRows:
        """See `RowKind`."""
        return cls(config["columns"])

    def describe(self) -> str:
        """Such as `sparse rows [n, 1000]`."""
        return f"sparse rows [n, {self.columns}]"

    def in_words(self) -> str:
        """Such as `sparse rows of 1,000 columns`."""
        return f"sparse rows of {self.columns:,} columns"
