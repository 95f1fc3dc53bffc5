"""Which columns of a table make up the rows an encoder takes, and which are carried along."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.rows.dense_rows import DenseRows
from zoo.rows.item_rows import ItemRows
from zoo.rows.record_rows import RecordRows
from zoo.rows.sparse_rows import SparseRows
from zoo.tables.arrow_types import described, innermost, is_list, is_numeric, is_text
from zoo.tables.cells import dense_rows, list_cells, sparse_rows, whole
from zoo.tables.own_columns import id_columns, index_columns
from zoo.tables.text_cells import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.rows.row_kind import RowKind
    from zoo.tables.table import Table

NONE = "none"  # keep=none
_SPARSE = ("indices", "values")
_PROBED = 1000  # rows that tell what a column holds


@dataclass(frozen=True)
class Columns:
    """The columns of a table by their use.

    Attributes:
        features: make up the rows that are encoded, in this order.
        kept: are carried along to the output.
        numbers: those of the features that hold one number in each row.
    """

    features: tuple[str, ...]
    kept: tuple[str, ...]
    numbers: tuple[str, ...] = ()

    @property
    def read(self) -> list[str]:
        """All that must be read."""
        return list(dict.fromkeys([*self.features, *self.kept]))


def choose_columns(table: Table, kind: RowKind, columns: Sequence[str], keep: Sequence[str] | None) -> Columns:
    """Finds the features, and what is carried along: by default all other columns.

    Args:
        table: the table.
        kind: the encoder's.
        columns: the features, if the user named them; names may hold `*`.
        keep: what is carried along, if the user named it; `["none"]` keeps nothing.

    Raises:
        InputError: columns that are missing, of the wrong type or number, or that cannot be told from each other.
    """
    names = list(table.schema.names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{table.name}: several columns are called {', '.join(repeated)}; give each its own name")
    if table.row_shape is not None:
        _require_array(table, kind, columns, keep)
        return Columns((names[0],), ())
    named = _named(table, "columns", columns)
    features = _features(table, kind, named)
    kept = [name for name in names if name not in features]
    if keep is not None:
        kept = [] if list(keep) == [NONE] and NONE not in names else _named(table, "keep", keep)
    numbers = features if isinstance(kind, DenseRows) and not _holds_vectors(table, features) else []
    return Columns(tuple(features), tuple(kept), tuple(numbers))


def rows_of(rows: Any, columns: Columns, kind: RowKind, first: int, where: str) -> Any:
    """What `Encoder.encode` takes, from a block of a table.

    Args:
        rows: a `pyarrow.Table` of the block.
        columns: their use.
        kind: the encoder's.
        first: the number of the block's first row.
        where: the file, for messages.

    Raises:
        InputError: rows that are missing or of the wrong size, by their numbers in the file.
    """
    features = rows.select(list(columns.features))
    if isinstance(kind, DenseRows):
        return dense_rows(features, kind.shape, first, where)
    if isinstance(kind, SparseRows):
        return sparse_rows(features, kind.columns, first, where)
    if isinstance(kind, ItemRows):
        return list_cells(features.column(0))
    return features.to_pandas()


def width_of(kind: RowKind) -> int:
    """About how many numbers a row has, or things that take as much memory."""
    if isinstance(kind, DenseRows):
        width = 1
        for size in kind.shape:
            width *= size
        return width
    return 16 * len(kind.fields) if isinstance(kind, RecordRows) else 256


def _require_array(table: Table, kind: RowKind, columns: Sequence[str], keep: Sequence[str] | None) -> None:
    if columns or keep:
        raise InputError(f"{table.name}: a .npy file holds one array and no named columns; leave columns and keep out")
    if not isinstance(kind, DenseRows):
        raise InputError(f"{table.name}: the encoder takes {kind.describe()}; give it a Parquet or CSV file")
    if table.row_shape != kind.shape:
        raise InputError(
            f"{table.name}: the encoder takes {kind.describe()}, and the rows' shape is {list(table.row_shape or ())}"
        )


def _features(table: Table, kind: RowKind, named: list[str]) -> list[str]:
    if isinstance(kind, RecordRows):
        if named:
            raise InputError("columns means nothing for records: their fields are found by their names")
        return _named(table, "field", list(kind.fields))
    if isinstance(kind, SparseRows):
        if named and len(named) != 2:
            raise InputError(f"columns: name two, of indices and of values, not {len(named)}")
        return _require_lists(table, named or _named(table, "column", _SPARSE), numbers=True)
    if isinstance(kind, ItemRows):
        return _items(table, named)
    if not isinstance(kind, DenseRows):
        raise InputError(f"rows for {kind.describe()} cannot be read from a table")
    return _vectors(table, kind, named)


def _items(table: Table, named: list[str]) -> list[str]:
    lists = [field.name for field in table.schema if is_list(field.type)]
    if len(named) > 1:
        raise InputError(f"columns: name the one column of baskets, not {len(named)}")
    found = named or (["items"] if "items" in table.schema.names else lists)
    if len(found) != 1:
        raise InputError(
            f"{table.name}: {len(found)} columns hold lists; name the one of baskets with columns=NAME; "
            f"columns: {described(table.schema)}"
        )
    return _require_lists(table, found, numbers=False)


def _vectors(table: Table, kind: DenseRows, named: list[str]) -> list[str]:
    """One column of vectors, or as many columns of numbers as a row has: by the names that the encoder knows."""
    width, schema = width_of(kind), table.schema
    known = list(getattr(kind, "column_names", None) or ())
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
    width, schema = width_of(kind), table.schema
    if _is_listed(table, named):
        return _require_lists(table, named, numbers=True)
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


def _first_rows(table: Table, columns: Sequence[str]) -> Any:
    """A `pyarrow.Table` of the first rows."""
    return next(table.read(table.blocks(_PROBED, limit=_PROBED), columns))


def _own_columns(table: Table) -> set[str]:
    """Columns that are a data frame's index, or an id."""
    first = _first_rows(table, table.schema.names).replace_schema_metadata(table.schema.metadata)
    numbers = [field.name for field in table.schema if is_numeric(field.type)]
    return {*index_columns(first), *id_columns(first, numbers)}


def _text_vectors(table: Table, width: int, names: Sequence[str] | None = None) -> list[str]:
    """Columns of text that hold vectors of the width."""
    texts = [field.name for field in table.schema if is_text(field.type) and (names is None or field.name in names)]
    if not texts:
        return []
    first = _first_rows(table, texts)
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


def _require_lists(table: Table, names: list[str], *, numbers: bool) -> list[str]:
    for name in names:
        kind = table.schema.field(name).type
        if not is_list(kind) or (numbers and not is_numeric(innermost(kind))):
            what = "lists of numbers" if numbers else "lists"
            raise InputError(f"{table.name}: column '{name}' is of type {kind}, not of {what}; Parquet can hold them")
    return names


def _holds_vectors(table: Table, names: Sequence[str]) -> bool:
    return _is_listed(table, names) or (len(names) == 1 and is_text(table.schema.field(names[0]).type))


def _is_listed(table: Table, names: Sequence[str]) -> bool:
    return len(names) == 1 and is_list(table.schema.field(names[0]).type)


def _may_be_number(kind: Any) -> bool:
    return is_numeric(kind) or str(kind) == "null"  # of a CSV column that starts with empty cells, nothing is known


def _named(table: Table, what: str, wanted: Sequence[str]) -> list[str]:
    """The columns that are wanted; `*` in a name stands for anything."""
    found: list[str] = []
    for each in wanted:
        matching = [each] if each in table.schema.names else fnmatch.filter(table.schema.names, each)
        if not matching:
            hint = suggestion(each, table.schema.names, what="columns")
            raise InputError(f"{table.name}: {what} {each!r}: no such column; {hint}")
        found.extend(name for name in matching if name not in found)
    return found
