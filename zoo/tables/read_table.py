"""Whole tables in memory, and their columns."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_bytes, is_list, is_nested, is_text
from zoo.tables.cells import whole
from zoo.tables.open_table import open_table
from zoo.tables.own_columns import index_columns, left_out_note
from zoo.tables.sparse_npz import width_of_matrix
from zoo.tables.table import read_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from zoo.tables.options import Options
    from zoo.tables.table import Table


def read_table(
    place: Path | str | Table, options: Options | None = None, named: Collection[str] = ()
) -> tuple[Any, tuple[str, ...]]:
    """A table as a `pyarrow.Table` and notes on it; text files as they are written, without the index of pandas.

    Args:
        place: see `open_table`, or an open table.
        options: how to read a file of text.
        named: columns that the user named for something, which stay whatever they are.

    Raises:
        InputError: no table by its name, damaged, without rows or columns, or with two columns of one name.
    """
    table: Table = open_table(place, options) if isinstance(place, Path | str) else place
    if width_of_matrix(table.schema) is not None:
        raise InputError(
            f"{table.name}: holds a sparse matrix; read it with data._target_=zoo.data.SparseMatrix, as recipe="
            "softmax_baskets does with one in memory, or give dense rows, matrix.toarray()"
        )
    found = readable_text(read_whole(table), table.name)
    index = index_columns(found, named)
    notes = tuple(table.notes)
    if index:
        notes += (left_out_note(index, "name it with data.key_column= if it names the rows."),)
        found = found.drop_columns(list(index))
    if not found.num_columns:
        raise InputError(f"{table.name}: the table has no columns; export it again")
    return found, notes


def readable_text(table: Any, where: str) -> Any:
    """A table, or a piece of one, with bytes that are text as text.

    Raises:
        InputError: text that is not UTF-8.
    """
    found = _bytes_as_text(table)
    _require_utf8(found, where)
    return found


def _bytes_as_text(table: Any) -> Any:
    """The table with columns of bytes that are UTF-8 as text, which Impala, Hive and older Spark write it as.

    Bytes with a zero among them are no text, though UTF-8 allows it.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, field in enumerate(table.schema):
        if is_bytes(field.type):
            with contextlib.suppress(pa.ArrowInvalid):
                texts = table.column(place).cast(pa.large_string())
                if not pc.any(pc.match_substring(texts, "\0")).as_py():
                    table = table.set_column(place, field.name, texts)
    return table


def unread_columns(table: Any, names: Iterable[str], asked: Collection[str], where: str) -> dict[str, str]:
    """Those of the named columns that hold no single cells -> what they are instead, such as `a list`.

    Raises:
        InputError: such a column that the user asked for in data.columns.
    """
    types = {name: table.schema.field(name).type for name in names}
    unread = {name: "a list" if is_list(each) else f"of {each}" for name, each in types.items() if is_nested(each)}
    for name in asked:
        if name in unread:
            instead = "; lists of items are read by recipe=softmax_baskets, vectors by recipe=dense_vectors"
            raise InputError(
                f"{where}: data.columns names {name!r}, whose cells are of {types[name]}; leave it out"
                + (instead if is_list(types[name]) else "")
            )
    return unread


def _require_utf8(table: Any, where: str) -> None:
    """Raises InputError for text that is not UTF-8, which some programs write and Arrow does not look at."""
    import pyarrow as pa

    for name, column in zip(table.column_names, table.columns, strict=True):
        if is_text(column.type):
            try:
                column.validate(full=True)
            except pa.ArrowInvalid as error:
                raise InputError(
                    f"{where}: column '{name}' holds text that is not UTF-8 ({error}); write it again"
                ) from error


def column_of(table: Any, name: str, option: str, where: str) -> Any:
    """The column that an option names, in one piece (a `pyarrow.Array`)."""
    require_columns(table, [name], option, where)
    return whole(table.column(name))


def require_columns(table: Any, names: Iterable[str], option: str, where: str) -> None:
    """Raises InputError where an option names a column that is not there, with the nearest that is."""
    for name in names:
        if name not in table.column_names:
            hint = suggestion(name, table.column_names, what="columns")
            raise InputError(f"{where}: {option}={name}: no such column; {hint}")
