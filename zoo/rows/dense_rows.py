"""Rows of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._cells import require_finite
from zoo.rows._columns import arrow_table, columns_of_table, input_names, missing_columns
from zoo.rows._vector_columns import holds_vectors, vector_columns
from zoo.rows.row_kind import DenseFeatures
from zoo.tables.cells import dense_rows

if TYPE_CHECKING:
    from zoo.tables.table import Table

_MOST_COLUMNS = 512  # named columns that a signature has an input for, each


@dataclass(frozen=True)
class DenseRows(DenseFeatures):
    """Rows of numbers.

    Attributes:
        name: of the input.
        shape: of a row.
        column_names: what the numbers of a row are called, where their table had names for them: tables and mappings
            are then read by these names, whatever their order and whatever other columns they have. Empty where rows
            go by position.
    """

    name: str
    shape: tuple[int, ...]
    column_names: tuple[str, ...] = ()

    def arrays(self, rows: Any) -> dict[str, Any]:
        """[n, *shape] float32.

        Args:
            rows: an array, nested list, tensor or table (a column a number, or one of vectors); with named columns
                also a mapping of columns or a list of mappings.

        Raises:
            ValueError: another shape, columns that are missing, or rows that are not finite numbers.
        """
        table = self._numbers(self._by_name(rows))
        if table.shape == (0,):
            table = table.reshape(0, *self.shape)
        table = self._shaped(table)
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

    def named_inputs(self) -> dict[str, str]:
        """See `RowKind`."""
        return input_names(self.column_names) if len(self.column_names) <= _MOST_COLUMNS else {}

    def from_columns(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """See `RowKind`."""
        return {self.name: import_tensorflow().stack([columns[name] for name in self.column_names], axis=1)}

    def table_schema(self) -> list[tuple[str, str]]:
        """See `RowKind`."""
        if len(self.shape) > 1:
            return []
        return [(name, "number") for name in self.column_names or ("",) * self.width]

    @property
    def numbers_in_memory(self) -> int:
        """See `RowKind`."""
        return self.width

    def require_array(self, table: Table) -> None:
        """See `RowKind`."""
        if table.row_shape != self.shape:
            came = (table.rows or 0, *(table.row_shape or ()))
            raise InputError(
                f"{table.name}: the encoder takes {self.describe()}, and the rows' shape is {list(came[1:])}"
                f"{self._way_out(came)}"
            )

    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """See `RowKind`."""
        return vector_columns(table, self, named)

    def columns_of_numbers(self, table: Table, chosen: list[str]) -> list[str]:
        """See `RowKind`."""
        return [] if holds_vectors(table, chosen) else chosen

    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """See `RowKind`."""
        return {self.name: dense_rows(block, self.shape, first, where)}

    def describe(self) -> str:
        """Such as `rows [n, 50]`."""
        return f"rows [n, {', '.join(map(str, self.shape))}]"

    def in_words(self) -> str:
        """Such as `rows of 50 columns`."""
        return f"rows of {self.width} columns"

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        return {"name": self.name, "shape": list(self.shape), "column_names": list(self.column_names)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DenseRows:
        """See `RowKind`."""
        return cls(config["name"], tuple(config["shape"]), tuple(config["column_names"]))

    def _shaped(self, table: Any) -> Any:
        """The rows, if they have the right shape."""
        if table.shape[1:] != self.shape:
            hint = "; a single row is encode([row])" if table.shape == self.shape else self._way_out(table.shape)
            raise ValueError(f"takes {self.describe()}, not {list(table.shape)}{hint}")
        return table

    def _way_out(self, came: Sequence[int]) -> str:
        """What to do with an array of another shape."""
        width = math.prod(came[1:])
        if len(came) == 2 and (came[0],) == self.shape:
            return "; if rows lie in columns, give rows.T"
        if width == self.width and came[1:] != self.shape:
            return f"; the numbers are as many: give rows.reshape(-1, {', '.join(map(str, self.shape))})"
        return "; give rows with the columns that it was trained on, in their order, or take the encoder of such rows"

    def _by_name(self, rows: Any) -> Any:
        """The rows without columns that are not theirs, and in the right order, if they have names."""
        if hasattr(rows, "tocsr"):
            raise ValueError(f"takes dense {self.describe()}, and these are sparse: rows.toarray() makes them dense")
        if isinstance(rows, Mapping) and set(rows) == {self.name}:
            return rows[self.name]
        if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
            keys = dict.fromkeys(key for row in rows for key in row)
            rows = {key: [row.get(key) for row in rows] for key in keys}
        columns = columns_of_table(rows)
        if columns is None:
            return rows
        cells = list(columns.values())
        names = [str(name) for name in columns]
        if len(cells) == 1 and (self.shape != (1,) or not self.column_names):
            return _one_column(rows, cells[0])
        if not self.column_names and len(of_vectors := self._columns_of_vectors(columns)) == 1:
            return _plain_vectors(columns[of_vectors[0]])
        if not self.column_names or names == [str(place) for place in range(self.width)]:  # nobody named them
            if isinstance(rows, Mapping):
                raise ValueError(f"takes {self.describe()} without names of columns: give an array")
            return rows if arrow_table(rows) is None else np.stack([_plain(each) for each in cells], axis=1)
        lacking = [name for name in self.column_names if name not in columns]
        if lacking:
            raise ValueError(f"takes rows of {self.width} named columns; missing are {missing_columns(lacking, names)}")
        return np.stack([_plain(columns[name]) for name in self.column_names], axis=1)

    def _columns_of_vectors(self, columns: Mapping[str, Any]) -> list[str]:
        """The columns, beside ids and the like, whose cells are whole vectors, by the first cell of each."""
        first = {name: _plain_vectors(cells[:1]) for name, cells in columns.items()}
        return [name for name, cell in first.items() if cell and _is_vector(cell[0], self.shape)]

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


def _one_column(rows: Any, cells: Any) -> Any:
    """A table of one column, of whole vectors as a rule."""
    if arrow_table(rows) is not None:
        return cells.to_pylist()
    return rows if hasattr(rows, "to_numpy") else cells


def _is_vector(cell: Any, shape: tuple[int, ...]) -> bool:
    """Whether a cell is an array, or a nested list, of numbers of a shape."""
    if isinstance(cell, str) or not hasattr(cell, "__len__"):
        return False
    try:
        array = np.asarray(cell)
    except ValueError:  # lists of several lengths
        return False
    return array.shape == shape and array.dtype.kind in "biuf"


def _plain_vectors(cells: Any) -> list[Any]:
    """A column [n] of vectors as a list of them."""
    return list(cells.to_pylist() if hasattr(cells, "to_pylist") else cells)


def _plain(cells: Any) -> Any:
    """A column [n] as an array of numbers, NaN where one is missing."""
    if hasattr(cells, "to_pylist"):  # Arrow's
        cells = cells.to_pylist() if cells.null_count else cells.to_numpy()
    array = np.asarray(cells)
    return np.asarray(_without_missing(array)) if array.dtype == object else array


def _without_missing(cells: Any) -> list[Any]:
    """An array of objects as nested lists, with pandas' missing value as NaN; cells may be numbers or vectors."""
    rows = cells[:, 0] if cells.ndim == 2 and cells.shape[1] == 1 and np.ndim(cells[:1, 0].tolist()) > 1 else cells
    return [
        _without_missing(row) if isinstance(row, np.ndarray) and row.dtype == object else _or_nan(row) for row in rows
    ]


def _or_nan(cell: Any) -> Any:
    return float("nan") if cell is None or type(cell).__name__ in {"NAType", "NaTType"} else cell
