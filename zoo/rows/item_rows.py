"""Sets of named items."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import as_csr, hash_table, text_of
from zoo.rows.row_kind import SparseFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence


class ItemRows(SparseFeatures):
    """Sets or baskets of named items, looked up inside the graph; items that are not known do not count.

    Args:
        items: names of the columns.

    Attributes:
        items: as above.
    """

    def __init__(self, items: Sequence[str]) -> None:
        self.items = tuple(items)
        self.shape = (len(self.items),)
        self.categories = {"items": self.items}
        self._table: Any = None

    def arrays(self, rows: Any) -> dict[str, Any]:
        """`items` [n, longest] strings, padded with "".

        Args:
            rows: a list of lists of items, or multi-hot rows as a SciPy sparse array.

        Raises:
            ValueError: anything else.
        """
        if hasattr(rows, "tocsr"):
            rows = self._from_multi_hot(rows)
        if isinstance(rows, Mapping) and set(rows) == {"items"}:
            rows = rows["items"]
        if hasattr(rows, "tolist"):
            rows = rows.tolist()
        if not isinstance(rows, list) or any(isinstance(row, str) or not hasattr(row, "__iter__") for row in rows):
            raise ValueError(f"takes {self.describe()}: a list of lists of items")
        baskets = [[text_of(item) for item in row] for row in rows]
        longest = max((len(row) for row in baskets), default=0)
        table = np.full((len(baskets), longest), "", dtype=object)
        for number, row in enumerate(baskets):
            table[number, : len(row)] = row
        return {"items": table}

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return {"items": tf.TensorSpec((None, None), tf.string, name="items")}

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """One entry an item; the same item twice counts twice."""
        tf = import_tensorflow()
        if self._table is None:
            self._table = hash_table(self.items, range(len(self.items)), default=-1)
        indices = tf.cast(self._table.lookup(arrays["items"]), tf.int32)
        return {"indices": indices, "values": tf.cast(indices >= 0, tf.float32)}

    @property
    def tables(self) -> list[Any]:
        """The look-up table that `features` made, which an exported model must keep."""
        return [] if self._table is None else [self._table]

    def vocabularies(self) -> dict[str, list[str]]:
        """See `RowKind`."""
        return {"items": list(self.items)}

    def describe(self) -> str:
        """Such as `baskets of 169 items`."""
        return f"baskets of {len(self.items)} items"

    def in_words(self) -> str:
        """Such as `sparse rows of 169 columns`."""
        return f"sparse rows of {self.width:,} columns"

    def _from_multi_hot(self, rows: Any) -> list[list[str]]:
        csr = as_csr(rows, len(self.items))
        names = np.repeat(np.asarray(self.items, dtype=object)[csr.indices], csr.data.astype(np.int64))
        counts = np.add.reduceat(np.append(csr.data, 0), csr.indptr[:-1]).astype(np.int64) * (np.diff(csr.indptr) > 0)
        return [part.tolist() for part in np.split(names, np.cumsum(counts)[:-1])] if len(counts) else []
