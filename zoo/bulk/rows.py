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
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.cells import dense_rows, list_cells, sparse_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.rows.row_kind import RowKind
    from zoo.tables.blocks import Reader

NONE = "none"  # keep=none
_SPARSE = ("indices", "values")


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


def choose_columns(reader: Reader, kind: RowKind, columns: Sequence[str], keep: Sequence[str] | None) -> Columns:
    """Finds the features, and what is carried along: by default all other columns.

    Args:
        reader: the table's.
        kind: the encoder's.
        columns: the features, if the user named them; names may hold `*`.
        keep: what is carried along, if the user named it; `["none"]` keeps nothing.

    Raises:
        InputError: columns that are missing, of the wrong type or number, or that cannot be told from each other.
    """
    names = list(reader.schema.names)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{reader.path}: several columns are called {', '.join(repeated)}; give each its own name")
    if reader.row_shape is not None:
        _require_array(reader, kind, columns, keep)
        return Columns((names[0],), ())
    named = _named(reader, "columns", columns)
    features = _features(reader, kind, named)
    kept = [name for name in names if name not in features]
    if keep is not None:
        kept = [] if list(keep) == [NONE] and NONE not in names else _named(reader, "keep", keep)
    numbers = features if isinstance(kind, DenseRows) and not _is_listed(reader, features) else []
    return Columns(tuple(features), tuple(kept), tuple(numbers))


def rows_of(table: Any, columns: Columns, kind: RowKind, first: int, where: str) -> Any:
    """What `Encoder.encode` takes, from a block of a table.

    Args:
        table: a `pyarrow.Table` of the block.
        columns: their use.
        kind: the encoder's.
        first: the number of the block's first row.
        where: the file, for messages.

    Raises:
        InputError: rows that are missing or of the wrong size, by their numbers in the file.
    """
    features = table.select(list(columns.features))
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


def _require_array(reader: Reader, kind: RowKind, columns: Sequence[str], keep: Sequence[str] | None) -> None:
    if columns or keep:
        raise InputError(f"{reader.path}: a .npy file holds one array and no named columns; leave columns and keep out")
    if not isinstance(kind, DenseRows):
        raise InputError(f"{reader.path}: the encoder takes {kind.describe()}; give it a Parquet or CSV file")
    if reader.row_shape != kind.shape:
        raise InputError(
            f"{reader.path}: the encoder takes {kind.describe()}, and the rows' shape is {list(reader.row_shape or ())}"
        )


def _features(reader: Reader, kind: RowKind, named: list[str]) -> list[str]:
    if isinstance(kind, RecordRows):
        if named:
            raise InputError("columns means nothing for records: their fields are found by their names")
        return _named(reader, "field", list(kind.fields))
    if isinstance(kind, SparseRows):
        if named and len(named) != 2:
            raise InputError(f"columns: name two, of indices and of values, not {len(named)}")
        return _require_lists(reader, named or _named(reader, "column", _SPARSE), numbers=True)
    if isinstance(kind, ItemRows):
        return _items(reader, named)
    if not isinstance(kind, DenseRows):
        raise InputError(f"rows for {kind.describe()} cannot be read from a table")
    return _vectors(reader, kind, named)


def _items(reader: Reader, named: list[str]) -> list[str]:
    lists = [field.name for field in reader.schema if is_list(field.type)]
    if len(named) > 1:
        raise InputError(f"columns: name the one column of baskets, not {len(named)}")
    found = named or (["items"] if "items" in reader.schema.names else lists)
    if len(found) != 1:
        raise InputError(
            f"{reader.path}: {len(found)} columns hold lists; name the one of baskets with columns=NAME; "
            f"columns: {_described(reader)}"
        )
    return _require_lists(reader, found, numbers=False)


def _vectors(reader: Reader, kind: DenseRows, named: list[str]) -> list[str]:
    """One column of lists, or as many columns of numbers as a row has."""
    width = width_of(kind)
    schema = reader.schema
    if named:
        if _is_listed(reader, named):
            return _require_lists(reader, named, numbers=True)
        wrong = [name for name in named if not _may_be_number(schema.field(name).type)]
        if wrong:
            raise InputError(
                f"{reader.path}: column '{wrong[0]}' is of type {schema.field(wrong[0]).type}, not of numbers"
            )
        if len(named) != width:
            raise InputError(
                f"{reader.path}: the encoder takes {kind.describe()}, and columns names {len(named):,} columns"
            )
        return named
    lists = [field.name for field in schema if is_list(field.type) and is_numeric(_innermost(field.type))]
    numbers = [field.name for field in schema if _may_be_number(field.type)]
    floats = [name for name in numbers if str(schema.field(name).type) in {"halffloat", "float", "double"}]
    for found in (lists if len(lists) == 1 else [], numbers, floats):
        if len(found) == 1 == len(lists) or (len(found) == width and not lists):
            return _require_alike(reader, found, floats)
    raise InputError(
        f"{reader.path}: the encoder takes {kind.describe()}; {len(lists)} columns hold lists of numbers and "
        f"{len(numbers):,} single numbers; name the right ones with columns=NAME, columns=A,B,.. or columns=x_*; "
        f"columns: {_described(reader)}"
    )


def _require_alike(reader: Reader, found: Sequence[str], floats: Sequence[str]) -> list[str]:
    """Refuses an id that stands in for a missing feature: whole numbers beside fractions, and named otherwise."""
    stems = {_stem(name) for name in floats}
    odd = [name for name in found if name not in floats and _stem(name) not in stems]
    whole = [name for name in odd if is_numeric(reader.schema.field(name).type)]
    if floats and whole:
        raise InputError(
            f"{reader.path}: as many columns hold numbers as there are features, but '{whole[0]}' whole ones, as an id "
            f"would, and '{floats[0]}' fractions; say columns=* if all are features, or name those that are with "
            "columns=A,B,.. or columns=x_*"
        )
    return list(found)


def _stem(name: str) -> str:
    """A name without the number at its end."""
    return name.rstrip("0123456789")


def _require_lists(reader: Reader, names: list[str], *, numbers: bool) -> list[str]:
    for name in names:
        kind = reader.schema.field(name).type
        if not is_list(kind) or (numbers and not is_numeric(_innermost(kind))):
            what = "lists of numbers" if numbers else "lists"
            raise InputError(f"{reader.path}: column '{name}' is of type {kind}, not of {what}; Parquet can hold them")
    return names


def _is_listed(reader: Reader, names: Sequence[str]) -> bool:
    return len(names) == 1 and is_list(reader.schema.field(names[0]).type)


def _may_be_number(kind: Any) -> bool:
    return is_numeric(kind) or str(kind) == "null"  # of a CSV column that starts with empty cells, nothing is known


def _innermost(kind: Any) -> Any:
    while is_list(kind):
        kind = kind.value_type
    return kind


def _named(reader: Reader, what: str, wanted: Sequence[str]) -> list[str]:
    """The columns that are wanted; `*` in a name stands for anything."""
    found: list[str] = []
    for each in wanted:
        matching = [each] if each in reader.schema.names else fnmatch.filter(reader.schema.names, each)
        if not matching:
            hint = suggestion(each, reader.schema.names, what="columns")
            raise InputError(f"{reader.path}: {what} {each!r}: no such column; {hint}")
        found.extend(name for name in matching if name not in found)
    return found


def _described(reader: Reader, most: int = 12) -> str:
    fields = [f"{field.name} ({'text' if is_text(field.type) else field.type})" for field in reader.schema]
    return ", ".join(fields[:most]) + (f" and {len(fields) - most} more" if len(fields) > most else "")
