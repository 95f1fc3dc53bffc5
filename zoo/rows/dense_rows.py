"""Rows of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import require_finite
from zoo.rows.row_kind import DenseFeatures


@dataclass(frozen=True)
class DenseRows(DenseFeatures):
    """Rows of numbers.

    Attributes:
        name: of the input.
        shape: of a row.
    """

    name: str
    shape: tuple[int, ...]

    def arrays(self, rows: Any) -> dict[str, Any]:
        """[n, *shape] float32 from an array, nested list, tensor or DataFrame (a column a number, or one of vectors).

        Raises:
            ValueError: another shape, or rows that are not finite numbers.
        """
        table = self._numbers(rows[self.name] if isinstance(rows, Mapping) and set(rows) == {self.name} else rows)
        if table.shape == (0,):
            table = table.reshape(0, *self.shape)
        if table.shape[1:] != self.shape:
            hint = "; a single row is encode([row])" if table.shape == self.shape else ""
            raise ValueError(f"takes {self.describe()}, not {list(table.shape)}{hint}")
        with np.errstate(over="ignore"):  # a number beyond float32 becomes infinite, and is reported as such
            floats = table.astype(np.float32, copy=False)
        return {self.name: require_finite(floats)}

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return {self.name: tf.TensorSpec((None, *self.shape), tf.float32, name=self.name)}

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The rows as they are."""
        return arrays[self.name]

    def describe(self) -> str:
        """Such as `rows [n, 50]`."""
        return f"rows [n, {', '.join(map(str, self.shape))}]"

    def in_words(self) -> str:
        """Such as `rows of 50 columns`."""
        return f"rows of {self.width} columns"

    def _numbers(self, rows: Any) -> Any:
        """An array of numbers, whatever the rows came in."""
        if hasattr(rows, "to_numpy"):  # a pandas DataFrame or Series, without importing pandas
            rows = rows.to_numpy()
        if isinstance(rows, np.ndarray) and rows.dtype == object:
            rows = _without_missing(rows)
        try:
            table = np.asarray(rows)
            if table.dtype.kind not in "biuf":
                table = np.asarray(rows, dtype=np.float64)
        except (TypeError, ValueError) as error:
            ragged = "inhomogeneous" in str(error) or "setting an array element with a sequence" in str(error)
            what = "differ in length" if ragged else "are not all numbers"
            numbers = f"rows of {self.shape[0]} numbers" if len(self.shape) == 1 else self.describe()
            raise ValueError(f"takes {numbers}; these {what}") from None
        return table


def _without_missing(cells: Any) -> list[Any]:
    """An array of objects as nested lists, with pandas' missing value as NaN; cells may be numbers or vectors."""
    rows = cells[:, 0] if cells.ndim == 2 and cells.shape[1] == 1 and np.ndim(cells[:1, 0].tolist()) > 1 else cells
    return [
        _without_missing(row) if isinstance(row, np.ndarray) and row.dtype == object else _or_nan(row) for row in rows
    ]


def _or_nan(cell: Any) -> Any:
    return float("nan") if cell is None or type(cell).__name__ in {"NAType", "NaTType"} else cell
