"""Which columns of a table make up the rows an encoder takes, and which are carried along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.rows._table_columns import named_columns
from zoo.tables.sparse_npz import MATRIX_COLUMNS, width_of_matrix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.rows.row_kind import RowKind
    from zoo.tables.table import Table

NONE = "none"  # keep=none
_FIRST = 1000  # rows that are looked at before the job starts


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
        if columns or keep:
            raise InputError(
                f"{table.name}: a .npy file holds one array and no named columns; leave columns and keep out"
            )
        kind.require_array(table)
        return Columns((names[0],), ())
    width = width_of_matrix(table.schema)
    if width is not None:
        if columns or keep:
            raise InputError(f"{table.name}: a sparse matrix has no named columns; leave columns and keep out")
        kind.require_matrix(table, width)
        return Columns(MATRIX_COLUMNS, ())
    features = kind.choose_columns(table, named_columns(table, "columns", columns))
    kept = [name for name in names if name not in features]
    if keep is not None:
        kept = [] if not keep or (list(keep) == [NONE] and NONE not in names) else named_columns(table, "keep", keep)
    return Columns(tuple(features), tuple(kept), tuple(kind.columns_of_numbers(table, features)))


def remarks(table: Table, columns: Columns, kind: RowKind) -> list[str]:
    """What the first rows make one doubt: that they are such as the encoder was trained on."""
    try:
        first = next(table.read(table.blocks(_FIRST, limit=_FIRST), columns.read, columns.numbers))
        arrays = kind.arrays_of_block(first.select(list(columns.features)), 0, table.name)
    except (ValueError, InputError):
        return []  # the job itself says what is wrong, and where
    return [f"note: of the first {first.num_rows:,} rows, {remark}" for remark in kind.remarks(arrays)]
