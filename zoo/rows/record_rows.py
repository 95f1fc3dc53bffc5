"""Records of categorical fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import MISSING, OTHER, as_csr, hash_table, text_of, tidied
from zoo.rows.row_kind import SparseFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

_NUMBER = r"[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?"
_OTHER = 1  # column of a field for what is not in its vocabulary


class RecordRows(SparseFeatures):
    """Records of categorical fields, each field a string; looked up inside the graph.

    Args:
        categories: field -> names of its columns, the first two for what is missing and what is not known. A field
            whose names are all intervals, such as "[20, 30)", takes numbers.
        missing: strings that stand for a missing cell, beside "".

    Attributes:
        categories: as above.
    """

    def __init__(self, categories: Mapping[str, Sequence[str]], missing: Sequence[str] = ()) -> None:
        self.categories: Mapping[str, tuple[str, ...]] = {field: tuple(names) for field, names in categories.items()}
        self.column_names = tuple(self.categories)
        sizes = [len(names) for names in self.categories.values()]
        self._offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.shape = (int(self._offsets[-1]),)
        self._tables: dict[str, Any] = {}
        self._missing = ["", *missing]
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
        """See `RowKind`."""
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
            columns.append(self._looked_up(field, cells) + offset)
        indices = tf.cast(tf.stack(columns, axis=1), tf.int32)
        return {"indices": indices, "values": tf.ones_like(indices, tf.float32)}

    @property
    def tables(self) -> list[Any]:
        """The look-up tables that `features` made, which an exported model must keep."""
        return list(self._tables.values())

    def vocabularies(self) -> dict[str, list[str]]:
        """See `RowKind`; fields that take numbers have none."""
        return {
            field: [name for name in names if name not in {MISSING, OTHER}]
            for field, names in self.categories.items()
            if not all(name.startswith("[") for name in names[2:])
        }

    def describe(self) -> str:
        """The fields' names."""
        return f"records with the fields {', '.join(self.categories)}"

    def in_words(self) -> str:
        """Such as `sparse rows of 120 columns in 7 fields`."""
        fields = f" in {len(self.categories)} fields" if len(self.categories) > 1 else ""
        return f"sparse rows of {self.width:,} columns{fields}"

    def _looked_up(self, field: str, cells: Any) -> Any:
        """The column within the field for each cell [n]."""
        tf = import_tensorflow()
        found = self._table(field).lookup(cells)
        cuts = _cuts(self.categories[field][2:])
        if not cuts:
            return found
        is_number = tf.strings.regex_full_match(cells, _NUMBER)
        numbers = tf.strings.to_number(tf.where(is_number, cells, "0"), tf.float64)
        interval = tf.searchsorted(tf.constant(cuts, tf.float64), numbers, side="right", out_type=tf.int64)
        return tf.where(is_number & (found == _OTHER), interval + 2, found)

    def _table(self, field: str) -> Any:
        if field not in self._tables:
            names = self.categories[field]
            columns = {name: column for column, name in enumerate(names) if column > _OTHER}
            for text in self._missing:
                columns[tidied(text) if self._tidy else text] = 0
            self._tables[field] = hash_table(list(columns), list(columns.values()), default=_OTHER)
        return self._tables[field]

    def _from_one_hot(self, rows: Any) -> dict[str, Any]:
        csr = as_csr(rows, int(self._offsets[-1]))
        columns = csr.indices.reshape(csr.shape[0], len(self.categories))  # exactly one a field
        columns = np.sort(columns, axis=1) - self._offsets[:-1]
        names = {field: ("", *names[1:]) for field, names in self.categories.items()}
        return {field: np.asarray(names[field], dtype=object)[columns[:, i]] for i, field in enumerate(self.categories)}


def _cuts(names: Sequence[str]) -> list[float]:
    """The inner bounds of intervals that follow each other; none if the names are anything else."""
    bounds = [name[1:-1].split(", ") for name in names if name.startswith("[") and name.endswith(")")]
    if not bounds or len(bounds) < len(names) or any(len(pair) != 2 for pair in bounds):
        return []
    try:
        return [float(low) for low, _ in bounds[1:]]
    except ValueError:
        return []
