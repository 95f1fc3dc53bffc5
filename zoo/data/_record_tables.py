"""Records as they lie in tables: one with or without entities, or two with a list of matches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.rows._cells import texts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy.typing as npt

    from zoo.tables.options import Options
    from zoo.types import Rows

_ENTITY = ("entity", "entity_id", "cluster", "cluster_id", "rec_entity")


@dataclass(frozen=True)
class RecordTable:
    """Records before their fields are known.

    Attributes:
        where: their file or data set, for messages.
        table: a `pyarrow.Table` of all cells.
        keys: [rows] names.
        entities: [rows] what each record is of, or None.
        sides: [rows] which of two tables each is of, or None.
        aside: columns that are no fields.
        origin: where they come from.
        notes: what was done to them.
    """

    where: str
    table: Any
    keys: list[str]
    entities: list[Any] | None
    sides: Rows | None
    aside: tuple[str, ...]
    origin: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def one_table(
    path: Any, text: Options, entity: str | None, key: str | None, *, find_entity: bool = True
) -> RecordTable:
    """Reads a table, whose column of entities and of keys are found by their names where they are not given.

    Args:
        path: of the table, or an open one.
        text: how a file of text is read.
        entity: the column of entities.
        key: the column of keys.
        find_entity: whether a column that is called as entities are is taken for theirs.
    """
    from zoo.tables.keys import distinct_rows
    from zoo.tables.open_table import open_table, origin_of
    from zoo.tables.own_columns import key_column
    from zoo.tables.read_table import column_of, read_table, require_columns

    opened = open_table(path, text)
    table, read_notes = read_table(opened, named=[name for name in (entity, key) if name is not None])
    where, notes = opened.name, list(read_notes)
    for option, name in (("entity", entity), ("key", key)):
        if name is not None:
            require_columns(table, [name], f"data.{option}_column", where)
    if entity is None and find_entity:
        entity = next((name for name in table.column_names if name.lower() in _ENTITY), None)
        if entity is not None:
            notes.append(f"Column '{entity}' says which records are of one entity; data.entity_column= names another.")
    if key is None:
        key = key_column(table, () if entity is None else (entity,))
        if key is not None:
            notes.append(f"Column '{key}' names the records.")
    passed, said = ((), []) if key is not None else passed_over(table, () if entity is None else (entity,))
    notes += said
    keys, kept, repaired = distinct_rows(_keys(table, key, where))
    table = table if kept is None else table.take(kept)
    entities = None if entity is None else column_of(table, entity, "data.entity_column", where).to_pylist()
    aside = tuple(name for name in (entity, key, *passed) if name is not None)
    return RecordTable(where, table, keys, entities, None, aside, origin_of(opened), (*notes, *repaired))


def passed_over(table: Any, apart: Collection[str]) -> tuple[tuple[str, ...], list[str]]:
    """Columns that are called as keys are, of a table that none of them is the key of, and what is said of them."""
    from zoo.tables.own_columns import is_surely_key, key_names

    names = tuple(name for name in key_names(table.column_names) if is_surely_key(name) and name not in apart)
    return names, [_passed_over(table, name) for name in names]


def _passed_over(table: Any, name: str) -> str:
    """A note on a column that is called as names of records are and does not tell them apart."""
    known = [text for text in texts_of(table.column(name)).tolist() if text]
    return (
        f"Column '{name}' is called as names of records are, but {table.num_rows - len(known):,} of them say nothing "
        f"and {len(known) - len(set(known)):,} are those of earlier records: it is left out, and records go by their "
        f"numbers; if it says which records are of one thing, data.entity_column={name}."
    )


def two_tables(
    paths: tuple[str, str], matches: str | None, text: Options, key: str | None, rename: Mapping[str, str]
) -> RecordTable:
    """Puts two tables one after the other; `rename` says what columns of the second are called in the first.

    Raises:
        InputError: the tables share no column, or matches name records that are in neither.
    """
    import pyarrow as pa

    one, other = (one_table(path, text, None, key, find_entity=False) for path in paths)
    unknown = [name for name in rename if name not in other.table.column_names]
    if unknown:
        raise InputError(f"{other.where}: data.rename names {unknown[0]!r}; columns: {other.table.column_names}")
    for name, called in rename.items():
        if called not in one.table.column_names:
            raise InputError(
                f"data.rename: {one.where} has no column {called!r} that {name!r} of {other.where} could be called; "
                f"columns: {', '.join(one.table.column_names)}"
            )
        if called in other.table.column_names and rename.get(called, called) == called and called != name:
            raise InputError(f"data.rename: {other.where} has a column {called!r} beside {name!r}; rename that too")
    second = other.table.rename_columns([rename.get(name, name) for name in other.table.column_names])
    aside = {*one.aside, *other.aside}
    shared = [name for name in one.table.column_names if name in second.column_names and name not in aside]
    if not shared:
        raise InputError(
            f"{one.where} and {other.where} share no column ({', '.join(one.table.column_names)}; "
            f"{', '.join(second.column_names)}): say with data.rename which are the same"
        )
    columns = {
        name: pa.array([*texts_of(one.table.column(name)), *texts_of(second.column(name))], pa.string())
        for name in shared
    }
    lost = [name for name in (*one.table.column_names, *second.column_names) if name not in {*shared, *aside}]
    notes = [*one.notes, *other.notes]
    if lost:
        notes.append(f"Left out columns that only one of the tables has: {', '.join(dict.fromkeys(lost))}.")
    keys = [f"a/{name}" for name in one.keys] + [f"b/{name}" for name in other.keys]
    sides: Rows = np.repeat([0, 1], [len(one.keys), len(other.keys)]).astype(np.int64)
    entities = None if matches is None else _entities(matches, text, keys)
    origin = {"a": one.origin, "b": other.origin, "matches": matches}
    return RecordTable(
        f"{one.where} and {other.where}", pa.table(columns), keys, entities, sides, (), origin, tuple(notes)
    )


def _entities(path: str, text: Options, keys: list[str]) -> list[int]:
    """What each record is of, by what the matches join."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from zoo.tables.open_table import open_table
    from zoo.tables.read_table import read_table

    table, _ = read_table(open_table(path, text))
    if table.num_columns < 2 or not table.num_rows:
        raise InputError(f"{path}: matches are two columns, the ids of the first and of the second table, and not none")
    place = {key: number for number, key in enumerate(keys)}
    ends: list[npt.NDArray[np.int64]] = []
    for side, name in zip("ab", table.column_names[:2], strict=True):
        named = [f"{side}/{cell}" for cell in texts_of(table.column(name)).tolist()]
        strange = [key[2:] for key in named if key not in place]
        if strange:
            raise InputError(
                f"{path}: column '{name}' names {len(strange):,} records that are not in table {side}, such as "
                f"{strange[0]!r}; the ids are those of data.key_column"
            )
        ends.append(np.asarray([place[key] for key in named]))
    joined = coo_array((np.ones(len(ends[0])), (ends[0], ends[1])), shape=(len(keys), len(keys)))
    numbers: list[int] = connected_components(joined, directed=False)[1].tolist()
    return numbers


def _keys(table: Any, key: str | None, where: str) -> list[str]:
    from zoo.tables.keys import require_utf8, row_keys

    keys = row_keys(table, key, where)
    require_utf8(keys, where)
    return keys
