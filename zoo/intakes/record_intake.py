"""Records of categorical fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.intakes._cells import as_csr, hash_table, text_of, tidied
from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence

_OTHER = 1  # column of a field for what is not in its vocabulary


class RecordIntake:
    """Records of categorical fields, each field a string; looked up inside the graph.

    Args:
        categories: field -> names of its columns, the first two for what is missing and what is not known.

    Attributes:
        categories: as above.
    """

    def __init__(self, categories: Mapping[str, Sequence[str]]) -> None:
        self.categories = {field: tuple(names) for field, names in categories.items()}
        sizes = [len(names) for names in self.categories.values()]
        self._offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self._tables: dict[str, Any] = {}
        # a vocabulary of tidied strings was read from tidied cells, so cells are tidied here as well
        self._tidy = all(name == tidied(name) for names in self.categories.values() for name in names[2:])

    def arrays(self, rows: Any) -> dict[str, Any]:
        """Field -> [n] strings, "" where missing.

        Args:
            rows: a DataFrame, a mapping of columns, a list of mappings, or one-hot rows as a SciPy sparse array.

        Raises:
            ValueError: fields that are missing.
        """
        if hasattr(rows, "tocsr"):
            return self._from_one_hot(rows)
        if hasattr(rows, "to_dict") and hasattr(rows, "columns"):
            columns = {str(name): rows[name].tolist() for name in rows.columns}
        elif isinstance(rows, Mapping):
            columns = {str(name): list(np.asarray(cells, dtype=object)) for name, cells in rows.items()}
        elif isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows):
            columns = {name: [row.get(name) for row in rows] for name in self.categories}
        else:
            raise ValueError(f"takes {self.describe()}: a DataFrame, a mapping of columns or a list of mappings")
        missing = [name for name in self.categories if name not in columns]
        if missing:
            raise ValueError(f"fields are missing: {', '.join(missing)}; there are {', '.join(columns) or 'none'}")
        arrays = {name: np.asarray([text_of(cell) for cell in columns[name]], dtype=object) for name in self.categories}
        if len({len(cells) for cells in arrays.values()}) > 1:
            raise ValueError("the columns differ in length")
        return arrays

    def specs(self) -> dict[str, Any]:
        """See `zoo.types.Intake`."""
        tf = import_tensorflow()
        return {name: tf.TensorSpec((None,), tf.string, name=name) for name in self.categories}

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """One item a field."""
        tf = import_tensorflow()
        columns = []
        for offset, field in zip(self._offsets, self.categories, strict=False):
            cells = arrays[field]
            if self._tidy:
                cells = tf.strings.lower(cells, encoding="utf-8")
                cells = tf.strings.strip(tf.strings.regex_replace(cells, r"\s+", " "))
            columns.append(self._table(field).lookup(cells) + offset)
        indices = tf.cast(tf.stack(columns, axis=1), tf.int32)
        return {"indices": indices, "values": tf.ones_like(indices, tf.float32)}

    @property
    def tables(self) -> list[Any]:
        """The look-up tables that `features` made, which an exported model must keep."""
        return list(self._tables.values())

    def describe(self) -> str:
        """The fields' names."""
        return f"records with the fields {', '.join(self.categories)}"

    def _table(self, field: str) -> Any:
        if field not in self._tables:
            names = self.categories[field]
            self._tables[field] = hash_table(["", *names[2:]], [0, *range(2, len(names))], default=_OTHER)
        return self._tables[field]

    def _from_one_hot(self, rows: Any) -> dict[str, Any]:
        csr = as_csr(rows, int(self._offsets[-1]))
        columns = csr.indices.reshape(csr.shape[0], len(self.categories))  # exactly one a field
        columns = np.sort(columns, axis=1) - self._offsets[:-1]
        names = {field: ("", *names[1:]) for field, names in self.categories.items()}
        return {field: np.asarray(names[field], dtype=object)[columns[:, i]] for i, field in enumerate(self.categories)}
