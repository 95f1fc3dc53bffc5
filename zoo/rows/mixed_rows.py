"""Rows of numbers, categories, dates and texts side by side, with gaps, as numbers of one scale."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows.dense_field import DenseField
from zoo.rows.dense_rows import DenseRows
from zoo.rows.plain_text import MISSING_WORDS
from zoo.rows.row_kind import DenseFeatures
from zoo.rows.typed_record_rows import TypedRecordRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.rows.row_kind import RowKind
    from zoo.tables.table import Table
    from zoo.types import Floats

_AT_ONCE = 4_096  # rows that are read at a time


class MixedRows(DenseFeatures):
    """Rows whose columns are read each by what it holds, see `DenseField`; every cell is a string, "" a gap.

    Features are dense: a field's columns lie in one block, one block after the other, and are 0 on average.

    Args:
        fields: name -> how its cells are read, in the order of the columns.
        missing: what stands for a missing cell, beside "" and marks alone; compared plainly spelt.
        widths: of arrays that are such rows, see `RecordRows`.

    Attributes:
        fields: as above.
        missing: as above.
    """

    def __init__(
        self, fields: Mapping[str, DenseField], missing: Sequence[str] = MISSING_WORDS, widths: Sequence[int] = ()
    ) -> None:
        self.fields, self.missing = dict(fields), tuple(missing)
        typed = {name: field.typed for name, field in self.fields.items()}
        self._cells = TypedRecordRows(typed, missing, widths=widths)
        self.column_names = self._cells.column_names
        self.shape = (sum(field.columns for field in self.fields.values()),)

    @property
    def reads(self) -> dict[str, str]:
        """Field -> what its cells are taken for."""
        return {name: field.reads for name, field in self.fields.items()}

    @property
    def feature_names(self) -> list[str]:
        """What each column of the features is called [width], such as `age` and `city: Rome`."""
        return [f"{name}: {part}" if part else name for name, field in self.fields.items() for part in field.parts]

    @property
    def places(self) -> dict[str, tuple[int, int]]:
        """Field -> (first, last + 1) of its columns, without the one that says that a cell is missing."""
        ends = np.cumsum([field.columns for field in self.fields.values()]).tolist()
        return {
            name: (end - field.columns, end - field.has_gaps)
            for (name, field), end in zip(self.fields.items(), ends, strict=True)
        }

    def filled(self, features: Any) -> Any:
        """Which cells of rows of features [n, width] say something: [n, fields]. A gap has 0 in all columns."""
        return np.stack([(features[:, start:end] != 0).any(axis=1) for start, end in self.places.values()], axis=1)

    def arrays(self, rows: Any) -> dict[str, Any]:
        """Input -> [n] strings, "" where missing; see `RecordRows.arrays`.

        Raises:
            ValueError: columns that are missing.
        """
        return self._cells.arrays(rows)

    def specs(self) -> dict[str, Any]:
        """See `RowKind`."""
        return self._cells.specs()

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The columns [n, width] float32 of all fields, one field after another."""
        tf = import_tensorflow()
        read = self._cells.read_cells(arrays)
        blocks = [field.scaled(cells) for field, cells in zip(self.fields.values(), read, strict=True)]
        return tf.concat(blocks, axis=1)

    def read(self, raw: Any) -> Floats:
        """The features [n, width] of a table of raw cells (`pyarrow.Table`), by the graph that is served."""
        starts = range(0, max(raw.num_rows, 1), _AT_ONCE)
        return np.concatenate([self.read_rows(raw.slice(start, _AT_ONCE)) for start in starts])

    def read_rows(self, rows: Any) -> Floats:
        """The features [n, width] of rows as users hold them, see `arrays`."""
        found: Floats = self._traced(**_tensors(self.arrays(rows))).numpy()
        return found

    @cached_property
    def _traced(self) -> Any:
        function = import_tensorflow().function(lambda **arrays: self.features(arrays), autograph=False)
        return function.get_concrete_function(**self.specs())

    def cells(self, features: Any) -> dict[str, Any]:
        """Column -> cells [n] that features [n, width], such as reconstructed ones, stand for; runs in the graph.

        Numbers are float64, NaN for a gap; anything else is strings, "" for a gap. Texts do not come back.
        """
        tf = import_tensorflow()
        blocks = tf.split(tf.convert_to_tensor(features), [field.columns for field in self.fields.values()], axis=1)
        found = {name: field.cells(block) for (name, field), block in zip(self.fields.items(), blocks, strict=True)}
        return {name: cells for name, cells in found.items() if cells is not None}

    @property
    def tables(self) -> list[Any]:
        """See `RowKind`."""
        return self._cells.tables

    def columns_of_inputs(self) -> dict[str, str]:
        """See `RowKind`."""
        return self._cells.columns_of_inputs()

    def table_schema(self) -> list[tuple[str, str]]:
        """See `RowKind`."""
        return self._cells.table_schema()

    @property
    def numbers_in_memory(self) -> int:
        """See `RowKind`."""
        return self._cells.numbers_in_memory + self.width

    def choose_columns(self, table: Table, named: list[str]) -> list[str]:
        """See `RowKind`."""
        return self._cells.choose_columns(table, named)

    def arrays_of_block(self, block: Any, first: int, where: str) -> dict[str, Any]:
        """See `RowKind`."""
        return self._cells.arrays_of_block(block, first, where)

    def plain(self) -> RowKind:
        """Rows of the features."""
        return DenseRows("vector", self.shape)

    def describe(self) -> str:
        """The fields' names."""
        return f"rows with the columns {', '.join(self.fields)}"

    def in_words(self) -> str:
        """Such as `rows of 10 columns, 24 numbers in all`."""
        return f"rows of {len(self.fields)} columns, {self.width:,} numbers in all"

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        fields = {name: field.get_config() for name, field in self.fields.items()}
        widths = {"widths": list(self._cells.widths)} if self._cells.widths else {}
        return {"fields": fields, "missing": list(self.missing), **widths}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> MixedRows:
        """See `RowKind`."""
        fields = {name: DenseField.from_config(field) for name, field in config["fields"].items()}
        return cls(fields, config["missing"], config.get("widths", ()))


def _tensors(arrays: Mapping[str, Any]) -> dict[str, Any]:
    tf = import_tensorflow()
    return {name: tf.constant(cells, tf.string) for name, cells in arrays.items()}
