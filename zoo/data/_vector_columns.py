"""Vectors, keys and labels out of tables with named columns, however people put them there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._read_columns import ReadColumns
from zoo.data._vector_files import VectorFile
from zoo.errors import InputError
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.cells import whole
from zoo.tables.keys import row_keys
from zoo.tables.own_columns import id_columns, left_out_note, likely_ids, may_be_keys, may_be_labels
from zoo.tables.read_table import column_of, read_table, require_columns
from zoo.tables.text_cells import Kind, has_decimal_comma, kind_of, looks_grouped, ungrouped
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.data._vector_files import Wanted
    from zoo.tables.options import Options
    from zoo.tables.table import Table
    from zoo.types import Floats


def read_columns(opened: Table, wanted: Wanted, options: Options) -> VectorFile:
    """Reads a table: one column of vectors, or columns of numbers."""
    where = opened.name
    if opened.row_shape is not None and len(opened.row_shape) != 1:
        shape = [opened.rows, *opened.row_shape]
        raise InputError(f"{where}: expected a table [rows, width], found an array of shape {shape}")
    if wanted.vector_column is not None and wanted.columns is not None:
        raise InputError(
            f"{where}: data.vector_column is for a column of whole vectors, data.columns for columns of single "
            "numbers; give one of the two"
        )
    named = {
        f"data.{option}": name
        for option in ("vector_column", "label_column", "key_column")
        if (name := getattr(wanted, option)) is not None
    }
    table, notes = read_table(opened, named=[*named.values(), *(wanted.columns or ())])
    for option, name in named.items():
        require_columns(table, [name], option, where)
    aside = [name for name in (wanted.label_column, wanted.key_column) if name is not None]
    keys = None if wanted.key_column is None else row_keys(table, wanted.key_column, where)
    labels = None
    if wanted.label_column is not None:
        labels = column_of(table, wanted.label_column, "data.label_column", where).to_pylist()
    read, more = _Columns(table.drop_columns(aside), wanted, where, options).chosen()
    vectors = read.vectors(table, where)
    if not read.listed:
        _refuse_empty(vectors, read.names, where)
    columns = () if read.listed or _are_numbered(read.names) else read.names
    return VectorFile(vectors, keys, labels, f"column '{wanted.label_column}'", (*notes, *more), columns, read)


def _refuse_empty(vectors: Floats, names: Sequence[str], where: str) -> None:
    """Raises InputError for a column without a single number."""
    for place in np.flatnonzero(np.isnan(vectors).all(axis=0))[:1]:
        raise InputError(
            f"{where}: column '{names[place]}' has no number in any row; leave it out: name the others with "
            "data.columns="
        )


def _are_numbered(names: Sequence[str]) -> bool:
    """Whether nobody named the columns: a file without a header, or a data frame of an array."""
    return all(name.removeprefix("column_") == str(place) for place, name in enumerate(names))


class _Columns:
    """The columns of a table that may make up vectors.

    Args:
        table: a `pyarrow.Table` without labels and keys.
        wanted: what the user named.
        where: the table's name, for messages.
        options: how its text is read.
    """

    def __init__(self, table: Any, wanted: Wanted, where: str, options: Options) -> None:
        self._table, self._wanted, self._where = table, wanted, where
        self._decimal = options.decimal or "."
        self._kinds: dict[str, Kind] = {}

    def chosen(self) -> tuple[ReadColumns, tuple[str, ...]]:
        """A column of vectors if one is named or to be found, otherwise those of numbers; and notes."""
        if self._wanted.vector_column is not None:
            return self._listed(self._wanted.vector_column), ()
        if self._wanted.columns is not None:
            return self._numbers(self._named(self._wanted.columns)), ()
        name = self._found_vectors()
        if name is not None:
            beside = [other for other in self._numeric() if other != name]
            notes = [f"Left out {count(len(beside), 'column')} of numbers beside the vectors: {some(beside)}."]
            texts = [other for other in self._table.column_names if other not in {name, *beside}]
            if roles := self._roles(texts):
                notes.append(f"Left out {count(len(texts), 'column')} beside the vectors: {some(texts)}{roles}.")
            return self._listed(name), tuple(notes if beside else notes[1:])
        names, more = self._number_columns()
        return self._numbers(names), more

    def _kind(self, name: str) -> Kind:
        """What a column holds."""
        if name not in self._kinds:
            kind = self._table.schema.field(name).type
            if is_text(kind):
                self._kinds[name] = kind_of(whole(self._table.column(name)), self._decimal)
            elif is_list(kind) and is_numeric(kind.value_type):
                self._kinds[name] = Kind("lists")
            else:
                names = {True: "numbers", False: "empty" if str(kind) == "null" else "other"}
                self._kinds[name] = Kind(names[is_numeric(kind)])
        return self._kinds[name]

    def _numeric(self) -> list[str]:
        # Of a column without any cell the type is not known; it is refused by name later, not left out unseen.
        return [name for name in self._table.column_names if self._kind(name).name in {"numbers", "empty"}]

    def _found_vectors(self) -> str | None:
        """The only column of vectors, or None. Text must stand in brackets, as wide as nothing else beside it."""
        self._refuse_decimal_commas()
        names = self._table.column_names
        lists = [name for name in names if self._kind(name).name == "lists"]
        texts = [name for name in names if self._kind(name).name == "vectors"]
        numbers = self._numeric()
        bracketed = [
            name
            for name in texts
            if self._kind(name).bracketed and (self._kind(name).width or len(numbers) + 1) > len(numbers)
        ]
        found = lists + bracketed if numbers or lists else lists + texts
        if len(found) > 1:
            raise InputError(
                f"{self._where}: several columns hold vectors; choose with data.vector_column= one of "
                f"{', '.join(found)}"
            )
        if found and found[0] in texts and not self._kind(found[0]).bracketed:
            cell = next(cell for cell in self._table.column(found[0]).to_pylist() if cell)
            raise InputError(
                f"{self._where}: no column holds numbers, but the text of column '{found[0]}' may be vectors "
                f"({cell[:40]!r}); say data.vector_column={found[0]} if it is"
            )
        return found[0] if found else None

    def _named(self, wanted: Sequence[str]) -> list[str]:
        """The columns that the user named."""
        aside = [name for name in (self._wanted.label_column, self._wanted.key_column) if name is not None]
        require_columns(self._table, [name for name in wanted if name not in aside], "data.columns", self._where)
        double = [name for name in wanted if name in aside or list(wanted).count(name) > 1]
        if double or not wanted:
            what = f"'{double[0]}' is named twice, or is the label or the key" if double else "names no column"
            raise InputError(f"{self._where}: data.columns: {what}; name each column of numbers once")
        return list(wanted)

    def _number_columns(self) -> tuple[list[str], tuple[str, ...]]:
        """The columns that make up the vectors, and notes on the columns left out."""
        self._refuse_stray()
        names = self._numeric()
        if not names:
            columns = ", ".join(f"{field.name} ({field.type})" for field in self._table.schema)
            raise InputError(f"{self._where}: no column holds numbers or vectors; columns: {columns}")
        notes = []
        left = [name for name in self._table.column_names if name not in names]
        if left:
            more = self._grouped(left) or self._roles(left)
            notes.append(f"Left out {count(len(left), 'column')} without numbers: {some(left)}{more}.")
        ids = id_columns(self._table, names)
        if len(ids) < len(names) and ids:
            names = [name for name in names if name not in ids]
            advice = "name the columns to use with data.columns= if it is a feature, or data.key_column= for keys."
            notes.append(left_out_note(ids, advice))
        if likely := likely_ids(self._table, names):
            notes.append(
                f"Trained on, though each number is there once, as of ids: {some(likely)}; if so, name the other "
                "columns with data.columns=, or it with data.key_column=."
            )
        return names, tuple(notes)

    def _refuse_stray(self) -> None:
        """Raises InputError where a column is of text only because a few of its cells are no numbers."""
        for name in self._table.column_names:
            kind = self._kind(name)
            if kind.stray is not None:
                cell = self._table.column(name)[kind.stray].as_py()
                raise InputError(
                    f"{self._where}: column '{name}', row {kind.stray} (from 0): {cell!r} is not a number, as most of "
                    "the column's cells are; repair it, or name the columns to use with data.columns="
                )

    def _refuse_decimal_commas(self) -> None:
        """Raises InputError where a column is of text only because of commas before fractions."""
        for name in self._table.column_names if self._decimal == "." else ():
            if is_text(self._table.schema.field(name).type) and self._kind(name).name != "numbers":
                cells = [cell for cell in self._table.column(name).slice(0, 50).to_pylist() if cell and cell.strip()]
                if cells and all(map(has_decimal_comma, cells)) and not all(map(looks_grouped, cells)):
                    raise InputError(
                        f"{self._where}: column '{name}' holds numbers with a comma before the fraction "
                        f"({cells[0]!r}); say data.decimal=comma, or name the columns to use with data.columns="
                    )

    def _roles(self, left: Sequence[str]) -> str:
        """Which of the columns left out may be keys or labels, where none is named."""
        if self._wanted.key_column or self._wanted.label_column:
            return ""
        keys, labels = may_be_keys(self._table, left), may_be_labels(self._table, left)
        said = [f"data.key_column={keys[0]} if it names the rows"] if keys else []
        said += [f"data.label_column={labels[0]} if it holds classes to judge by"] if labels else []
        return f"; say {' and '.join(said)}" if said else ""

    def _grouped(self, left: Sequence[str]) -> str:
        """What to do about numbers with marks between their thousands."""
        for name in left:
            if is_text(self._table.schema.field(name).type):
                cells = [cell for cell in self._table.column(name).slice(0, 50).to_pylist() if cell]
                if cells and all(looks_grouped(cell) for cell in cells):
                    return f" ({name}: {cells[0]!r} has a mark between thousands; write {ungrouped(cells[0])})"
        return ""

    def _numbers(self, names: Sequence[str]) -> ReadColumns:
        return ReadColumns(tuple(names), listed=False, decimal=self._decimal)

    def _listed(self, name: str) -> ReadColumns:
        return ReadColumns((name,), listed=True, decimal=self._decimal)
