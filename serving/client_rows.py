"""A user's rows as what a signature takes: arrays, by name where it has several inputs."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serving.client_cells import Cells, items, not_finite, padded, stacked, typed
from serving.client_columns import are_numbered, column_of_input, columns_of, require_no_misspelling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from serving.client_signature import Signature

_SPARSE, _BASKETS = {"indices", "values"}, {"items", "values"}
_SAMPLE = 64  # rows whose size in a request is looked at
_CELL_BYTES = 32  # of a string, about


class InputRows:
    """Rows for the inputs of a signature, converted in chunks: all of them at once would take their memory twice.

    Args:
        model: its name, for messages.
        signature: what it takes.
        by_column: the signature of the same model with an input for each of its named columns; None if it has none.
        rows: an array [n, ...], nested lists, a DataFrame or Arrow table, a mapping of columns, a list of mappings, a
            SciPy sparse array for `indices` and `values`, or a list of lists of items.

    Attributes:
        signature: the one that the rows are for: `by_column` where they have names of columns.
        names: input -> the column that it takes, where the rows have such.

    Raises:
        ValueError: rows that are not the signature's inputs.
    """

    def __init__(self, model: str, signature: Signature, by_column: Signature | None, rows: Any) -> None:
        self._model, self.signature, self.names = model, signature, dict[str, str]()
        self._sparse: Any = None
        self._noted = False  # that rows are not finite
        self._cells: dict[str, Cells] = {}
        self._positions: list[Cells] = []  # columns of a table that has no names for the model
        if hasattr(rows, "tocsr"):
            self._take_sparse(rows)
        elif set(signature.inputs) == _BASKETS:
            self._cells = _weighted(rows)
        else:
            self._take(by_column, rows)
        if len({len(column) for column in self._cells.values()}) > 1:
            raise ValueError("the columns differ in length")

    def __len__(self) -> int:
        if self._sparse is not None:
            return int(self._sparse.shape[0])
        return len(self._positions[0] if self._positions else next(iter(self._cells.values())))

    @property
    def row_bytes(self) -> int:
        """About how many bytes a row takes in a request, by the first ones."""
        first = self.chunk(0, _SAMPLE)
        size = sum(_CELL_BYTES * array.size if array.dtype == object else array.nbytes for array in first.values())
        return max(1, size // max(1, min(_SAMPLE, len(self))))

    def chunk(self, first: int, last: int) -> dict[str, Any]:
        """Input name -> array of the rows from first to before last.

        Raises:
            ValueError: cells that the input's type cannot hold.
        """
        arrays = self._chunk(first, last)
        wrong = next((found for array in arrays.values() if (found := not_finite(array))), [])
        if wrong and not self._noted:
            self._noted = True
            warnings.warn(
                f"{self._model}: row {first + wrong[0]:,} (from 0) holds NaN or infinity, and so do {len(wrong) - 1:,} "
                "after it: what the model answers for such rows means nothing, unless it was trained on them",
                UserWarning,
                stacklevel=3,
            )
        return arrays

    def _chunk(self, first: int, last: int) -> dict[str, Any]:
        if self._sparse is not None:
            return padded(self._sparse[first:last])
        inputs = self.signature.inputs
        if self._positions:
            (name,) = inputs
            return {name: typed(stacked(self._positions, first, last), inputs[name])}
        arrays = {name: typed(column.part(first, last), inputs[name]) for name, column in self._cells.items()}
        if len({array.shape for array in arrays.values()}) > 1 and set(arrays) == _BASKETS:
            raise ValueError("takes one value for each item of a basket")
        return arrays

    def chunks(self, size: int) -> Iterator[dict[str, Any]]:
        """Arrays of so many rows."""
        for first in range(0, len(self), size):
            yield self.chunk(first, first + size)

    def _take_sparse(self, rows: Any) -> None:
        inputs = self.signature.inputs
        if set(inputs) != _SPARSE:
            wanted = ", ".join(f"{name} {tensor.described()}" for name, tensor in inputs.items())
            raise ValueError(f"{self._model} takes {wanted}, not a sparse array: rows.toarray() makes it dense")
        self._sparse = rows.tocsr(copy=True)
        self._sparse.sum_duplicates()

    def _take(self, by_column: Signature | None, rows: Any) -> None:
        columns, inputs = columns_of(rows), self.signature.inputs
        if len(inputs) == 1 and not (columns is not None and set(inputs) <= set(columns)):
            (name,) = inputs
            if columns is None or (len(columns) == 1 and len(inputs[name].shape) > 1 and not isinstance(rows, Mapping)):
                self._cells = {name: Cells(rows if columns is None else next(iter(columns.values())))}
                return
            if by_column is not None and not are_numbered(columns):
                if self.signature.name != "serving_default":
                    shape = inputs[name].described()
                    raise ValueError(
                        f"the signature {self.signature.name} of {self._model} takes rows {shape} by position: give an "
                        "array with the columns in the order of training, not a table"
                    )
                self.signature = by_column
            elif not isinstance(rows, Mapping | list):
                self._positions = [Cells(column) for column in columns.values()]
                return
        names = list(self.signature.inputs)
        if columns is None:
            raise ValueError(
                f"{self._model} takes columns by name: {', '.join(names)}; missing: {', '.join(sorted(names))}"
            )
        self.names = column_of_input(self._model, names, columns)
        if isinstance(rows, list):
            require_no_misspelling(rows, self.names.values())
        self._cells = {name: Cells(columns[column]) for name, column in self.names.items()}


def _weighted(rows: Any) -> dict[str, Cells]:
    """Baskets of items with values, each 1 where none are given."""
    columns = None if isinstance(rows, list) else columns_of(rows)
    if columns is not None and "items" in columns:
        if "values" in columns:
            return {name: Cells(columns[name]) for name in sorted(_BASKETS)}
        rows = columns["items"]
    rows = rows.tolist() if hasattr(rows, "tolist") else rows.to_pylist() if hasattr(rows, "to_pylist") else list(rows)
    values = [list(row.values()) if isinstance(row, Mapping) else [1.0] * len(items(row)) for row in rows]
    return {"items": Cells([items(row) for row in rows]), "values": Cells(values)}
