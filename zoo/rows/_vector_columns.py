"""Which columns of a table to be encoded make up rows of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError, suggestion
from zoo.rows._table_columns import first_rows, require_lists
from zoo.tables.arrow_types import described, innermost, is_list, is_numeric, is_text
from zoo.tables.cells import whole
from zoo.tables.own_columns import id_columns, index_columns
from zoo.tables.text_cells import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from zoo.rows.dense_rows import DenseRows
    from zoo.tables.table import Table


def vector_columns(table: Table, kind: DenseRows, named: list[str]) -> list[str]:
    """One column of vectors, or as many columns of numbers as a row has: by the names that the encoder knows."""
    width, schema = kind.width, table.schema
    known = list(kind.column_names)
    if named:
        return _named_vectors(table, kind, named, known)
    if known and set(known) <= set(schema.names):
        return known
    lists = [field.name for field in schema if is_list(field.type) and is_numeric(innermost(field.type))]
    if known and not lists:
        raise InputError(f"{table.name}: {_unlike(schema.names, known)}")
    numbers = [field.name for field in schema if _may_be_number(field.type)]
    floats = [name for name in numbers if str(schema.field(name).type) in {"halffloat", "float", "double"}]
    if len(lists) != 1 and len(numbers) > width:
        own = _own_columns(table)
        numbers = [name for name in numbers if name not in own]
    for found in (lists if len(lists) == 1 else [], numbers, floats):
        if len(found) == 1 == len(lists) or (len(found) == width and not lists):
            return _require_alike(table, found, floats)
    texts = _text_vectors(table, width)
    if len(texts) == 1 and not lists:
        return texts
    raise InputError(
        f"{table.name}: the encoder takes {kind.describe()}; {len(lists)} columns hold lists of numbers and "
        f"{len(numbers):,} single numbers; name the right ones with columns=NAME, columns=A,B,.. or columns=x_*; "
        f"columns: {described(schema)}"
    )


def _named_vectors(table: Table, kind: DenseRows, named: list[str], known: Sequence[str]) -> list[str]:
    """The columns that the user named: one of vectors, or those of numbers, in the encoder's order if it has names."""
    width, schema = kind.width, table.schema
    if _is_listed(table, named):
        return require_lists(table, named, numbers=True)
    if len(named) == 1 and _text_vectors(table, width, named):
        return named
    wrong = [name for name in named if not _may_be_number(schema.field(name).type)]
    if wrong:
        raise InputError(f"{table.name}: column '{wrong[0]}' is of type {schema.field(wrong[0]).type}, not of numbers")
    if len(named) != width:
        raise InputError(f"{table.name}: the encoder takes {kind.describe()}, and columns names {len(named):,} columns")
    if known and set(known) == set(named):
        return list(known)
    return named


def _unlike(names: Sequence[str], known: Sequence[str]) -> str:
    """Which of the columns that the encoder was trained on are not there, and which are there instead."""
    missing = [name for name in known if name not in names]
    unknown = [name for name in names if name not in known]
    near = "; ".join(f"'{name}': {suggestion(name, unknown, what='not known to it')}" for name in missing[:3])
    return (
        f"the encoder was trained on the columns {', '.join(known[:12])}{', ..' if len(known) > 12 else ''}, and "
        f"{len(missing)} of them {'is' if len(missing) == 1 else 'are'} missing: {near}; rename the columns, or say "
        "which stand for them, in this order, with columns=A,B,.."
    )


def _own_columns(table: Table) -> set[str]:
    """Columns that are a data frame's index, or an id."""
    first = first_rows(table, table.schema.names).replace_schema_metadata(table.schema.metadata)
    numbers = [field.name for field in table.schema if is_numeric(field.type)]
    return {*index_columns(first), *id_columns(first, numbers)}


def _text_vectors(table: Table, width: int, names: Sequence[str] | None = None) -> list[str]:
    """Columns of text that hold vectors of the width."""
    texts = [field.name for field in table.schema if is_text(field.type) and (names is None or field.name in names)]
    if not texts:
        return []
    first = first_rows(table, texts)
    return [name for name in texts if kind_of(whole(first.column(name))).width == width]


def _require_alike(table: Table, found: Sequence[str], floats: Sequence[str]) -> list[str]:
    """Refuses an id that stands in for a missing feature: whole numbers beside fractions, and named otherwise."""
    stems = {_stem(name) for name in floats}
    odd = [name for name in found if name not in floats and _stem(name) not in stems]
    whole = [name for name in odd if is_numeric(table.schema.field(name).type)]
    if floats and whole:
        raise InputError(
            f"{table.name}: as many columns hold numbers as there are features, but '{whole[0]}' whole ones, as an id "
            f"would, and '{floats[0]}' fractions; say columns=* if all are features, or name those that are with "
            "columns=A,B,.. or columns=x_*"
        )
    return list(found)


def _stem(name: str) -> str:
    """A name without the number at its end."""
    return name.rstrip("0123456789")


def holds_vectors(table: Table, names: Sequence[str]) -> bool:
    return _is_listed(table, names) or (len(names) == 1 and is_text(table.schema.field(names[0]).type))


def _is_listed(table: Table, names: Sequence[str]) -> bool:
    return len(names) == 1 and is_list(table.schema.field(names[0]).type)


def _may_be_number(kind: Any) -> bool:
    return is_numeric(kind) or str(kind) == "null"  # of a CSV column that starts with empty cells, nothing is known
