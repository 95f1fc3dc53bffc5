"""Baskets of named items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._added_up import added_up
from zoo.rows._cells import as_csr, hash_table, padded, require_finite, text_of
from zoo.rows._columns import columns_of_table, with_nearest
from zoo.rows._item_columns import item_columns, repeated
from zoo.rows._wide_items import baskets_of, cells_of_block, wide_columns
from zoo.rows.cell_texts import trimmed
from zoo.rows.row_kind import SparseFeatures
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import list_cells, sparse_rows
from zoo.tables.sparse_npz import width_of_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from zoo.tables.table import Table

_LOOKED_AT = 2_000  # rows whose items are looked up to tell which are not known
_MOST_REPEATS = 255  # a count is handed over as an item that is there so often; larger ones as values


class ItemRows(SparseFeatures):
    """Sets or baskets of named items, looked up inside the graph; items that are not known do not count.

    White space around an item does not belong to it. An item that is there several times counts as often, or (with
    values) as much as its values add up to.

    Args:
        items: names of the columns.
        weighted: whether items come with values, a second input; otherwise each counts once.

    Attributes:
        items: as above.
        weighted: as above.
    """

    def __init__(self, items: Sequence[str], weighted: bool = False) -> None:
        self.items, self.weighted = tuple(items), weighted
        self.shape = (len(self.items),)
        self.categories = {"items": self.items}
        self._table: Any = None

    @classmethod
    def of_values(cls, items: Sequence[str], values: npt.NDArray[Any]) -> ItemRows:
        """The kind of rows whose entries have these values: counts, or anything else, which needs a second input."""
        counts = bool((values == np.round(values)).all()) and values.max(initial=0) <= _MOST_REPEATS
        return cls(items, weighted=not counts)

    def arrays(self, rows: Any) -> dict[str, Any]:
        """`items` [n, longest] strings, padded with "", and `values` [n, longest] float32 if they have any.

        Args:
            rows: a list of lists of items; a list of mappings from items to values; the columns `items` (lists) and
                `values` of a table or mapping, or its columns of items with how often each is there; or rows of
                features as a SciPy sparse array.

        Raises:
            ValueError: anything else, or values that are not finite, differ in number, or that cannot be had.
        """
        if hasattr(rows, "tocsr"):
            return self._from_features(rows)
        values = None
        columns = None if isinstance(rows, list) else columns_of_table(rows)
        if columns is not None and "items" in columns:
            rows, values = columns["items"], columns.get("values")
        elif columns is not None and (wide := [name for name in columns if name in self.items]):
            cells = {name: np.asarray(columns[name], dtype=np.float64) for name in wide}
            items, counts = baskets_of(cells, 0, "rows")
            rows, values = (items, counts) if self.weighted else (repeated(items, counts, 0, "rows"), None)
        baskets = self._lists(rows)
        if values is None and any(isinstance(basket, Mapping) for basket in baskets):
            values = [list(dict(basket).values()) for basket in baskets]
        if values is not None and not self.weighted:
            raise ValueError(f"takes {self.describe()}, without values: name an item as often as it counts")
        table = self._padded([[text_of(item) for item in basket] for basket in baskets], "", object)
        if not self.weighted:
            return {"items": table}
        return {"items": table, "values": self._values(values, table, baskets)}

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        specs = {"items": tf.TensorSpec((None, None), tf.string, name="items")}
        if self.weighted:
            specs["values"] = tf.TensorSpec((None, None), tf.float32, name="values")
        return specs

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """One entry for each different item of a row, with the sum of its values."""
        tf = import_tensorflow()
        indices = self._look_up(trimmed(arrays["items"]))
        values = arrays["values"] if self.weighted else tf.ones_like(indices, tf.float32)
        return added_up(indices, values, max(len(self.items), 1))

    @property
    def tables(self) -> list[Any]:
        """The look-up table that `features` made, which an exported model must keep."""
        return [] if self._table is None else [self._table]

    def vocabularies(self) -> dict[str, list[str]]:
        """See `RowKind`."""
        return {"items": list(self.items)}

    def table_schema(self) -> list[tuple[str, str]]:
        """See `RowKind`."""
        return [("items", "texts"), *([("values", "numbers")] if self.weighted else [])]

    def require_matrix(self, table: Table, columns: int) -> None:
        """See `RowKind`; the matrix has a column for each item, in their order."""
        if columns != self.width:
            super().require_matrix(table, columns)

    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """See `RowKind`."""
        return wide_columns(table, named, self.items) or item_columns(table, named, weighted=self.weighted)

    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """See `RowKind`."""
        if width_of_matrix(block.schema) is not None:
            return self.arrays(sparse_rows(block, self.width, first, where))
        if not any(is_list(field.type) for field in block.schema):
            items, counts = baskets_of(cells_of_block(block, where), first, where)
            if self.weighted:
                return self.arrays({"items": list(items), "values": list(counts)})
            return self.arrays(repeated(items, counts, first, where))
        cells = [list_cells(column) for column in block.columns]
        if len(cells) == 1 or self.weighted:
            return self.arrays(dict(zip(("items", "values"), cells, strict=False)))
        items, counts = cells
        return self.arrays(repeated(items, counts, first, where))

    def unknown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        names = trimmed(arrays["items"])
        strange = (self._look_up(names) < 0) & (names != "")
        return {"items": tf.reduce_sum(tf.cast(strange, tf.int32), axis=1)}

    def remarks(self, arrays: Mapping[str, Any]) -> list[str]:
        """Which items are not known, and so do not count; of the first rows."""
        if not self.items:
            return []
        given = [str(item).strip() for item in arrays["items"][:_LOOKED_AT].ravel()]
        known = {item.strip() for item in self.items}
        strange = [item for item in given if item and item not in known]
        if not strange:
            return []
        return [
            f"{len(strange):,} of {sum(map(bool, given)):,} items are not known to the encoder and do not count: "
            f"{with_nearest(list(dict.fromkeys(strange)), list(known))}"
        ]

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        return {"items": list(self.items), "weighted": self.weighted}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ItemRows:
        """See `RowKind`."""
        return cls(config["items"], config["weighted"])

    def describe(self) -> str:
        """Such as `baskets of 169 items`."""
        return f"baskets of {len(self.items)} items" + (" with values" if self.weighted else "")

    def in_words(self) -> str:
        """Such as `sparse rows of 169 columns`."""
        return f"sparse rows of {self.width:,} columns"

    def _look_up(self, names: Any) -> Any:
        """The columns of items, -1 for those not known."""
        if self._table is None:
            self._table = hash_table([item.strip() for item in self.items], range(len(self.items)), default=-1)
        tf = import_tensorflow()
        return tf.cast(self._table.lookup(names), tf.int32)

    def _from_features(self, rows: Any) -> dict[str, Any]:
        csr = as_csr(rows, len(self.items))
        names = np.asarray([*self.items, ""], dtype=object)  # index -1
        if self.weighted:
            entries = padded(csr)
            return {"items": names[entries["indices"]], "values": require_finite(entries["values"])}
        counts = csr.data.astype(np.int64)
        if (counts != csr.data).any():
            raise ValueError(f"takes {self.describe()}, which have counts; these have values such as {csr.data.max()}")
        repeated = np.repeat(csr.indices, counts)
        ends = np.concatenate([[0], np.cumsum(counts)])[csr.indptr]
        lengths = np.diff(ends)
        indices = np.full((len(lengths), int(lengths.max(initial=0))), -1, dtype=np.int64)
        indices[np.arange(indices.shape[1]) < lengths[:, None]] = repeated
        return {"items": names[indices]}

    def _lists(self, rows: Any) -> list[Any]:
        rows = rows.to_pylist() if hasattr(rows, "to_pylist") else rows
        rows = rows.tolist() if hasattr(rows, "tolist") else rows
        if not isinstance(rows, list) or any(isinstance(row, str) or not hasattr(row, "__iter__") for row in rows):
            shape = "a list of lists of items" + (", or of mappings from items to values" if self.weighted else "")
            raise ValueError(f"takes {self.describe()}: {shape}")
        return rows

    def _values(self, given: Any, table: Any, baskets: list[Any]) -> Any:
        """[n, longest] float32: 1 each where none are given."""
        lengths = np.asarray([len(basket) for basket in baskets], dtype=np.int64)
        there = np.arange(table.shape[1]) < lengths[:, None]
        if given is None:
            return there.astype(np.float32)
        numbers = self._lists(given)
        wrong = [row for row, (each, length) in enumerate(zip(numbers, lengths, strict=True)) if len(each) != length]
        if wrong:
            raise ValueError(
                f"row {wrong[0]} (from 0) has {lengths[wrong[0]]} items and {len(numbers[wrong[0]])} values: give one "
                "for each"
            )
        return require_finite(self._padded(numbers, 0.0, np.float32))

    @staticmethod
    def _padded(rows: Sequence[Any], empty: Any, kind: Any) -> Any:
        longest = max((len(row) for row in rows), default=0)
        table = np.full((len(rows), longest), empty, dtype=kind)
        for number, row in enumerate(rows):
            table[number, : len(row)] = list(row)
        return table
