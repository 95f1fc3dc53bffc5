"""Files that name rows of the table by their keys: pairs of them, queries and what is relevant to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.cells import numbers_of, whole
from zoo.tables.keys import column_keys, first_rows
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.read_table import read_table, require_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zoo.tables.table import Table
    from zoo.types import Doubles, Rows, Splits

_PURPOSES = {
    "first": "the first item's key",
    "second": "the second item's key",
    "score": "how similar they are",
    "sets": "the set of the pair",
    "query": "the query's key",
    "document": "the key of a row that is found",
    "relevance": "how relevant it is to the query",
}


@dataclass(frozen=True)
class KeyTable:
    """Columns of a file, by what they are for.

    Attributes:
        path: the file, or what to call a table in memory.
        table: a `pyarrow.Table` of the chosen columns.
        names: what each is for -> its name in the file.
    """

    path: str
    table: Any
    names: Mapping[str, str]

    def keys(self, role: str) -> list[str]:
        """The keys [rows] in a column.

        Raises:
            InputError: a missing one, or a column that holds neither text nor whole numbers.
        """
        return column_keys(self.table.column(self.names[role]), self.path, self.names[role], 0)

    def numbers(self, role: str) -> Doubles:
        """The numbers [rows] in a column.

        Raises:
            InputError: a cell that is none, or not finite.
        """
        name = self.names[role]
        advice = f"its place is that of {_role(role)}; put another column there, or name it with {role}="
        found = numbers_of(self.table.column(name), name, self.path, advice).astype(np.float64)
        if not np.isfinite(found).all():
            row = int(np.flatnonzero(~np.isfinite(found))[0])
            raise InputError(f"{self.path}: column '{name}' has no finite number in row {row} (from 0); fill it in")
        return found

    def __len__(self) -> int:
        return int(self.table.num_rows)


def read_key_table(
    place: str | Table,
    roles: Mapping[str, str | None],
    optional: Sequence[str] = (),
    where: Mapping[str, str] | None = None,
) -> KeyTable:
    """Reads a table (CSV, TSV, Parquet, JSON lines, ...).

    Args:
        place: the file, or an open table.
        roles: what columns are for -> their names; None takes the column that stands in its place, in this order.
        optional: roles that the file need not have a column for; left out where their name is None and no column stands
            in their place.
        where: column -> what its cells must be for a row to count, as text; true or false in a column of such.

    Raises:
        InputError: no such file or column, fewer columns than roles, or no row that counts.
    """
    where = where or {}
    named = [*filter(None, roles.values()), *where]
    opened = open_table(place, Options(prefix=""), option="path")
    table, _ = read_table(opened, named=named)
    path = opened.name
    for role, name in roles.items():
        if name is not None:
            require_columns(table, [name], role, path)
    require_columns(table, where, "where", path)
    table = _chosen(table, where, path)
    free = iter([name for name in table.column_names if name not in named])
    names = {role: name or next(free, None) for role, name in roles.items()}
    lacking = [role for role, name in names.items() if name is None and role not in optional]
    if lacking:
        wanted = ", ".join(_role(role) + (" or nothing" if role in optional else "") for role in roles)
        raise InputError(
            f"{path}: no column is left for {lacking[0]}; the columns wanted are, in this order: {wanted}; it has "
            f"{', '.join(table.column_names)}"
        )
    return KeyTable(path, table, {role: name for role, name in names.items() if name is not None})


def _role(role: str) -> str:
    return f"{role} ({_PURPOSES[role]})" if role in _PURPOSES else role


def _chosen(table: Any, where: Mapping[str, str], path: str) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    for name, wanted in where.items():
        column = whole(table.column(name))
        try:
            cells = column.cast("string")
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            raise InputError(
                f"{path}: where={name}: the column is of type {column.type}, whose cells are no single texts, numbers, "
                "or true and false to compare with; name another column"
            ) from None
        asked = str(wanted).lower() if pa.types.is_boolean(column.type) else str(wanted)
        kept = table.filter(pc.equal(cells, asked))
        if not kept.num_rows:
            there = ", ".join(sorted({str(cell) for cell in cells.unique().to_pylist()})[:8])
            raise InputError(f"{path}: no row has '{asked}' in column '{name}'; there are: {there}")
        table = kept
    if not table.num_rows:
        raise InputError(f"{path}: the table has no rows")
    return table


def rows_by_key(splits: Splits) -> dict[str, int]:
    """Key -> number of the first row that has it; empty for a table without keys."""
    return {} if splits.keys is None else first_rows([str(key) for key in splits.keys])


def numbers_of_keys(keys: Iterable[str], rows: Mapping[str, int]) -> Rows:
    """Row numbers [n] of keys [n]; -1 for those that no row has."""
    return np.asarray([rows.get(key, -1) for key in keys], np.int64)


def held_out_places(splits: Splits) -> Any:
    """Whether each row [rows] of the table is held out."""
    found = np.zeros(len(splits), bool)
    found[splits.test] = True
    return found


def no_keys(splits: Splits) -> str:
    """That no file can name rows of a table without keys; "" where there are some."""
    return "" if splits.keys is not None else "the rows have no keys; name their column with data.key_column="


def not_in_table(keys: Iterable[str], rows: Mapping[str, int], what: str) -> str:
    """How many of the keys of `what` no row of the table has, with the first of them; "" if all are there."""
    distinct = list(dict.fromkeys(keys))
    lacking = [key for key in distinct if key not in rows]
    if not lacking:
        return ""
    said = f"{len(lacking):,} of {len(distinct):,} keys of {what} are not in the table, such as {lacking[0]!r}"
    if len(lacking) < len(distinct) or not rows:
        return said
    return f"{said}: the table's keys are such as {', '.join(map(repr, list(rows)[:2]))}"
