"""Tables with the vectors in one column of lists: Parquet, Arrow, JSON lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from zoo.data.readers._collect import collect
from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.open_table import ARROW, LINES, PARQUET, open_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.data.readers._table import Table
    from zoo.tables.query import Query


class TableVectors:
    """Reads a table that holds each vector as a list of numbers.

    Keys are the column `key_column`, else the first column of strings, else row numbers. Vectors are the column
    `vector_column`, also of text such as "[0.1, 0.2]", else the only column of lists of numbers.
    """

    suffixes: ClassVar[tuple[str, ...]] = (*PARQUET, *ARROW, *LINES)

    def read(
        self,
        path: Path | str | Query,
        limit: int | None = None,
        key_column: str | None = None,
        vector_column: str | None = None,
    ) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: no such column, none or several that could be meant, or a vector that is missing, incomplete
                or of another width.
        """
        table = open_table(path)
        vector = _vector_column(table.name, table.schema, vector_column)
        key, notes = _key_column(table.name, table.schema, key_column, vector)
        return collect(table, limit, vector, key, notes)


def _vector_column(where: str, schema: Any, wanted: str | None) -> str:
    lists = [field.name for field in schema if is_list(field.type) and is_numeric(field.type.value_type)]
    if wanted is not None:
        _known(where, "data.vector_column", wanted, schema.names)
        if wanted not in lists and not is_text(schema.field(wanted).type):
            raise InputError(
                f"{where}: data.vector_column={wanted} is of type {schema.field(wanted).type}, not a list of numbers; "
                f"{suggestion(wanted, lists, what='columns of lists')}"
            )
        return wanted
    if not lists:
        raise InputError(
            f"{where}: no column holds vectors (lists of numbers); columns: "
            f"{', '.join(f'{field.name} ({field.type})' for field in schema)}"
        )
    if len(lists) > 1:
        raise InputError(f"{where}: several columns hold vectors; choose with data.vector_column= one of {lists}")
    return str(lists[0])


def _key_column(where: str, schema: Any, wanted: str | None, vector: str) -> tuple[str | None, tuple[str, ...]]:
    if wanted is not None:
        _known(where, "data.key_column", wanted, schema.names)
        return wanted, ()
    texts = [field.name for field in schema if is_text(field.type) and field.name != vector]
    if not texts:
        return None, ("No column of strings, so keys are row numbers; data.key_column= names another column.",)
    if len(texts) > 1:
        return texts[0], (f"Keys are the first column of strings, '{texts[0]}'; data.key_column= names another.",)
    return texts[0], ()


def _known(where: str, option: str, wanted: str, names: Sequence[str]) -> None:
    if wanted not in names:
        raise InputError(f"{where}: {option}={wanted}: no such column; {suggestion(wanted, names, what='columns')}")
