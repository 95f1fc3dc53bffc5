"""Records of texts, categories, numbers and dates."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow
from zoo.rows._cells import texts_of
from zoo.rows._columns import input_names
from zoo.rows.cell_texts import CellTexts, ReadingRules
from zoo.rows.plain_text import MISSING_WORDS, joined, missing_table, plain_characters
from zoo.rows.record_errors import RecordErrors
from zoo.rows.record_rows import RecordRows
from zoo.rows.typed_field import MOST_CHARACTERS, PlainCells, TypedField

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scipy.sparse import csr_array

_AT_ONCE = 4_096  # rows that are read at a time


class TypedRecordRows(RecordRows):
    """Records whose fields are read each by what it holds, see `TypedField`; every cell is a string.

    Features are sparse: a field's columns lie in one block, one block after the other, and a cell that says nothing,
    a category that was rare or is new among them, has none.

    Args:
        fields: name -> how its cells are read, in the order of the columns.
        missing: what stands for a missing cell, beside "" and marks alone; compared plainly spelt.
        errors: how records are written otherwise when they are written again, see `rewritten`.
        widths: of arrays that are such rows, see `RecordRows`.

    Attributes:
        typed: the fields.
        errors: as above.
    """

    def __init__(
        self,
        fields: Mapping[str, TypedField],
        missing: Sequence[str] = MISSING_WORDS,
        errors: RecordErrors | None = None,
        widths: Sequence[int] = (),
    ) -> None:
        self.widths = tuple(widths)
        self.typed = dict(fields)
        self.missing, self.errors = tuple(missing), errors or RecordErrors()
        self.rules = ReadingRules(missing=self.missing)
        self.column_names = tuple(self.typed)
        self.categories = None
        self._offsets = np.cumsum([0, *(field.columns for field in self.typed.values())]).astype(np.int64)
        self.shape = (int(self._offsets[-1]),)
        self._inputs = input_names(self.column_names)
        self._missing_table: Any = None

    @property
    def blocks(self) -> dict[str, tuple[int, float]]:
        """See `RowKind`."""
        return {name: (field.columns, field.evidence) for name, field in self.typed.items()}

    @property
    def reads(self) -> dict[str, str]:
        """Field -> what its cells are taken for."""
        return {name: field.reads for name, field in self.typed.items()}

    @property
    def alike(self) -> tuple[str, ...]:
        """The fields of text, see `RowKind`."""
        return tuple(name for name, field in self.typed.items() if field.reads == "text")

    @property
    def spelt(self) -> tuple[str, ...]:
        """The fields of text whose columns are letters at places, see `RowKind`."""
        return tuple(name for name, field in self.typed.items() if field.reads == "text" and field.by == "letters")

    def features(self, arrays: Mapping[str, Any]) -> Any:
        """The items of all fields, one field after another."""
        tf = import_tensorflow()
        columns, values = [], []
        for offset, field, cells in zip(self._offsets, self.typed.values(), self.read_cells(arrays), strict=False):
            found, counted = field.items(cells)
            lowest = 1 if field.reads == "category" else 0  # two names that are not known need not be the same
            columns.append(tf.where(found >= lowest, found + int(offset), -1))
            values.append(tf.where(found >= lowest, counted, 0.0))
        # a run of characters that comes twice has two items here and one that counts twice in a table: adding them up
        # would take as long as all the rest, so networks have to be linear in values (see EmbeddingBag.apply_schema)
        return {"indices": tf.concat(columns, axis=1), "values": tf.concat(values, axis=1)}

    def read(self, raw: Any) -> csr_array:
        """The features [n, columns] of a table of raw cells (`pyarrow.Table`), by the graph that is served."""
        from scipy.sparse import csr_array, vstack

        tf = import_tensorflow()
        blocks: list[Any] = [csr_array((0, self.width), dtype=np.float32)]
        for start in range(0, raw.num_rows, _AT_ONCE):
            arrays = self.arrays(raw.slice(start, _AT_ONCE))
            read = self._traced(**{name: tf.constant(cells, tf.string) for name, cells in arrays.items()})
            blocks.append(_csr(read["indices"].numpy(), read["values"].numpy(), self.width))
        found: csr_array = vstack(blocks, format="csr").astype(np.float32)
        return found

    @cached_property
    def _traced(self) -> Any:
        function = import_tensorflow().function(lambda **arrays: self.features(arrays), autograph=False)
        return function.get_concrete_function(**self.specs())

    def rewritten(self, raw: Any, seed: Sequence[int] | int) -> Any:
        """The same records as someone else might have written them: a `pyarrow.Table` of texts."""
        import pyarrow as pa

        columns = {name: texts_of(raw.column(name)) for name in self.column_names}
        written = self.errors.altered(columns, self.reads, np.random.default_rng(seed))
        return pa.table({name: pa.array(cells.tolist(), pa.string()) for name, cells in written.items()})

    @property
    def tables(self) -> list[Any]:
        """See `RowKind`."""
        own = [] if self._missing_table is None else [self._missing_table]
        return [*own, *self.rules.tables, *(table for field in self.typed.values() for table in field.tables)]

    def vocabularies(self) -> dict[str, list[str]]:
        """None: what is not known of a text is not a word of it."""
        return {}

    @property
    def numbers_in_memory(self) -> int:
        """See `RowKind`."""
        return 64 * len(self.typed)

    def unknown(self, arrays: Mapping[str, Any]) -> dict[str, Any]:
        """None, see `vocabularies`."""
        del arrays
        return {}

    def remarks(self, arrays: Mapping[str, Any]) -> list[str]:
        """None."""
        del arrays
        return []

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        fields = {name: field.get_config() for name, field in self.typed.items()}
        own = {"missing": list(self.missing), "errors": self.errors.get_config()}
        return {"fields": fields, **own, **self._own_widths()}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> TypedRecordRows:
        """See `RowKind`."""
        fields = {name: TypedField.from_config(field) for name, field in config["fields"].items()}
        return cls(fields, config["missing"], RecordErrors(**config["errors"]), config.get("widths", ()))

    def describe(self) -> str:
        """The fields' names."""
        return f"records with the fields {', '.join(self.typed)}"

    def in_words(self) -> str:
        """Such as `records of 10 fields`."""
        return f"records of {len(self.typed)} fields"

    def read_cells(self, arrays: Mapping[str, Any]) -> list[PlainCells]:
        """The cells of each field, read; runs in the graph.

        Texts and categories are spelt all at once, so that the table of characters is in the graph a single time. A
        number or a date needs no spelling: what stands for a gap is neither.
        """
        tf = import_tensorflow()
        if self._missing_table is None:
            self._missing_table = missing_table(self.missing)
        spelt = [name for name, field in self.typed.items() if field.reads in {"text", "category"}]
        read = {name: self._of_quantity(arrays[self._inputs[name]]) for name in self.typed if name not in spelt}
        if not spelt:
            return list(read.values())
        texts = [arrays[self._inputs[name]] for name in spelt]
        every = plain_characters(tf.concat(texts, axis=0), MOST_CHARACTERS)
        plain, count = joined(every), tf.shape(texts[0])[0]
        empty = self._missing_table.lookup(plain) == 1
        if self.rules.missing_numbers:
            cells = CellTexts(tf.concat(texts, axis=0), self.rules)
            empty |= cells.is_number & cells.stands_for_missing(cells.number)
        for place, (name, text) in enumerate(zip(spelt, texts, strict=True)):
            rows = slice(place * count, (place + 1) * count)
            read[name] = PlainCells(CellTexts(text, self.rules), every[rows], plain[rows], empty[rows])
        return [read[name] for name in self.typed]

    def _of_quantity(self, texts: Any) -> PlainCells:
        tf = import_tensorflow()
        read = CellTexts(texts, self.rules)
        empty = tf.zeros_like(read.is_number)
        if self.rules.missing_numbers:
            empty = read.is_number & read.stands_for_missing(read.number)
        return PlainCells(read, None, None, empty)

    def _from_one_hot(self, rows: Any) -> dict[str, Any]:
        del rows
        raise ValueError(f"takes {self.describe()}: their texts cannot be told from sparse rows")


def _csr(columns: Any, values: Any, width: int) -> csr_array:
    from scipy.sparse import csr_array

    there = columns >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    rows = csr_array((values[there], columns[there].astype(np.int64), ends), shape=(len(columns), width))
    rows.sum_duplicates()
    rows.eliminate_zeros()
    return rows
