"""Records of categorical fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.rows._cells import MISSING, OTHER, as_csr, text_of, texts_of
from zoo.rows._columns import columns_of_table, input_names, missing_columns, misspelt_keys
from zoo.rows._table_columns import named_columns
from zoo.rows.cell_texts import CellTexts, ReadingRules
from zoo.rows.field import Field
from zoo.rows.row_kind import SparseFeatures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.tables.table import Table


_OTHER = 1  # column of a field for what is not in its vocabulary
_LOOKED_AT, _FEWEST, _NEARLY_ALL = 2_000, 8, 0.9  # rows, cells and share of them that are told to be unknown


class RecordRows(SparseFeatures):
    """Records of categorical fields, each cell a string that is read inside the graph.

    Args:
        fields: name -> how its cells are read, in the order of the columns; names of columns alone stand for a field
            of texts.
        missing: strings that stand for a missing cell, beside "".
        normalise: whether cells are stripped and lower-cased, and white space in them becomes one blank.
        widths: of arrays that are such rows, see `zoo.rows._columns.widths_of_places`; where there are none, of any
            that has all fields.

    Attributes:
        fields: as above.
        rules: how cells are read.
        widths: as above.
    """

    def __init__(
        self,
        fields: Mapping[str, Field | Sequence[str]],
        missing: Sequence[str] = (),
        normalise: bool = True,
        widths: Sequence[int] = (),
    ) -> None:
        self.widths = tuple(widths)
        self.fields = {
            name: field if isinstance(field, Field) else Field(tuple(field)) for name, field in fields.items()
        }
        self.rules = ReadingRules(normalise, tuple(missing))
        self.categories = {name: field.names for name, field in self.fields.items()}
        self.column_names = tuple(self.fields)
        self._offsets = np.cumsum([0, *(len(field.names) for field in self.fields.values())]).astype(np.int64)
        self.shape = (int(self._offsets[-1]),)
        self._inputs = input_names(self.column_names)

    def arrays(self, rows: Any) -> dict[str, Any]:
        """Input -> [n] strings, "" where missing.

        Args:
            rows: a table (DataFrame, Arrow), a mapping of columns, a list of mappings, or one-hot rows as a SciPy
                sparse array. Columns beside the fields do not count.

        Raises:
            ValueError: fields that are missing.
        """
        columns = self._from_one_hot(rows) if hasattr(rows, "tocsr") else self._columns(rows)
        if len({len(cells) for cells in columns.values()}) > 1:
            raise ValueError("the columns differ in length")
        return {self._inputs[name]: cells for name, cells in columns.items()}

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return {name: tf.TensorSpec((None,), tf.string, name=name) for name in self._inputs.values()}

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """One item a field."""
        tf = import_tensorflow()
        columns = [
            field.look_up(CellTexts(arrays[self._inputs[name]], self.rules)) + offset
            for offset, (name, field) in zip(self._offsets, self.fields.items(), strict=False)
        ]
        indices = tf.cast(tf.stack(columns, axis=1), tf.int32)
        return {"indices": indices, "values": tf.ones_like(indices, tf.float32)}

    @property
    def tables(self) -> list[Any]:
        """The look-up tables that `features` made, which an exported model must keep."""
        return [*self.rules.tables, *(table for field in self.fields.values() for table in field.tables)]

    def vocabularies(self) -> dict[str, list[str]]:
        """See `RowKind`; fields that take numbers have none."""
        return {
            self._inputs[name]: [each for each in field.names if each not in {MISSING, OTHER}]
            for name, field in self.fields.items()
            if field.reads == "text"
        }

    def columns_of_inputs(self) -> dict[str, str]:
        """See `RowKind`."""
        return {name: column for column, name in self._inputs.items()}

    def table_schema(self) -> list[tuple[str, str]]:
        """See `RowKind`."""
        return [(name, "text") for name in self.column_names]

    @property
    def numbers_in_memory(self) -> int:
        """See `RowKind`."""
        return 16 * len(self.fields)

    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """See `RowKind`."""
        if named:
            raise InputError("columns means nothing for records: their fields are found by their names")
        return named_columns(table, "field", self.column_names)

    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """See `RowKind`."""
        del first, where
        return self.arrays(block)

    def unknown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """See `RowKind`."""
        tf = import_tensorflow()
        return {
            self._inputs[name]: tf.cast(
                field.look_up(CellTexts(arrays[self._inputs[name]], self.rules)) == _OTHER, tf.int32
            )
            for name, field in self.fields.items()
        }

    def remarks(self, arrays: Mapping[str, Any]) -> list[str]:
        """Fields of which nearly every cell that is not empty is unknown; of the first rows."""
        first = {name: cells[:_LOOKED_AT] for name, cells in arrays.items()}
        filled = {name: np.asarray([bool(str(cell).strip()) for cell in cells]) for name, cells in first.items()}
        if not any(field.names for field in self.fields.values()) or max(map(np.sum, filled.values())) < _FEWEST:
            return []
        tf = import_tensorflow()
        unknown = self.unknown({name: tf.constant(cells) for name, cells in first.items()})
        found = []
        for column, name in self._inputs.items():
            strange = np.asarray(unknown[name], dtype=bool) & filled[name]
            count = int(filled[name].sum())
            if count >= _FEWEST and strange.sum() >= _NEARLY_ALL * count:
                some = ", ".join(repr(str(each)) for each in dict.fromkeys(first[name][strange].tolist()[:3]))
                found.append(
                    f"{int(strange.sum()):,} of {count:,} cells of '{column}' are not known to the encoder, such as "
                    f"{some}: is it the column, and written as it was trained on?"
                )
        return found

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        return {
            "fields": {name: field.get_config() for name, field in self.fields.items()},
            "missing": list(self.rules.missing),
            "normalise": self.rules.normalise,
            **self._own_widths(),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> RecordRows:
        """See `RowKind`."""
        fields = {name: Field.from_config(field) for name, field in config["fields"].items()}
        return cls(fields, config["missing"], config["normalise"], config.get("widths", ()))

    def describe(self) -> str:
        """The fields' names."""
        return f"records with the fields {', '.join(self.fields)}"

    def in_words(self) -> str:
        """Such as `sparse rows of 120 columns in 7 fields`."""
        fields = f" in {len(self.fields)} fields" if len(self.fields) > 1 else ""
        return f"sparse rows of {self.width:,} columns{fields}"

    def _columns(self, rows: Any) -> dict[str, Any]:
        """Field -> its cells as strings."""
        if isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows):
            misspelt_keys(rows, self.column_names)
            return {name: _strings([row.get(name) for row in rows]) for name in self.column_names}
        if (
            isinstance(rows, Mapping)
            and set(rows) == set(self._inputs.values())
            and set(rows) != set(self.column_names)
        ):
            rows = {name: rows[key] for name, key in self._inputs.items()}
        columns = columns_of_table(rows)
        if columns is None and self._are_numbered(rows):
            columns = {name: np.asarray(rows)[:, place] for place, name in enumerate(map(str, range(rows.shape[1])))}
        if columns is None:
            raise ValueError(f"takes {self.describe()}: a table, a mapping of columns or a list of mappings")
        lacking = [name for name in self.column_names if name not in columns]
        if lacking:
            raise ValueError(f"fields are missing: {missing_columns(lacking, list(columns))}")
        return {name: _strings(columns[name]) for name in self.column_names}

    def _are_numbered(self, rows: Any) -> bool:
        """Whether rows are an array, as those were that the columns are called by their places after."""
        if len(getattr(rows, "shape", ())) != 2 or not all(name.isdecimal() for name in self.column_names):
            return False
        if self.widths and rows.shape[1] not in self.widths:
            known = " or ".join(map(str, self.widths))
            raise ValueError(
                f"an array of {rows.shape[1]} columns, and those that were trained on are called by their places among "
                f"{known}; give all {known}, or a table that names {', '.join(self.column_names)}"
            )
        return True

    def _own_widths(self) -> dict[str, Any]:
        """What a configuration says of arrays: nothing where columns are not called by their places."""
        return {"widths": list(self.widths)} if self.widths else {}

    def _from_one_hot(self, rows: Any) -> dict[str, Any]:
        csr = as_csr(rows, self.width)
        columns = csr.indices.reshape(csr.shape[0], len(self.fields))  # exactly one a field
        columns = np.sort(columns, axis=1) - self._offsets[:-1]
        return {
            name: np.asarray(field.texts(), dtype=object)[columns[:, i]]
            for i, (name, field) in enumerate(self.fields.items())
        }


def _strings(cells: Any) -> Any:
    """Cells [n], an Arrow column or any sequence, as strings."""
    if hasattr(cells, "dictionary_encode"):
        return texts_of(cells)
    cells = cells.tolist() if hasattr(cells, "tolist") else list(cells)
    return np.asarray([text_of(cell) for cell in cells], dtype=object)
