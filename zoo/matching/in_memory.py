"""Matching tables that are in memory, with an encoder at hand."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.matching.linking import Sides, field_values, link, nearest
from zoo.matching.outcome import pair_tables
from zoo.tables.cells import whole
from zoo.tables.held_table import held_table, index_name
from zoo.tables.own_columns import key_column
from zoo.tables.table import read_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zoo.matching.arrays import Reals
    from zoo.matching.field_values import Reading
    from zoo.matching.linking import Trained, Wanted


def matched(
    encode: Callable[[Any], Reals],
    fields: Sequence[str],
    a: Any,
    b: Any,
    wanted: Wanted,
    *,
    reading: Reading,
    trained: Trained,
) -> Any:
    """See `zoo.Encoder.match`; `encode` gives the codes of rows, `fields` are compared, as `reading` says."""
    import pyarrow as pa

    if wanted.one_to_one and b is None:
        raise InputError("one_to_one means nothing within one table: an entity may have any number of rows")
    given = [(each, name) for each, name in ((a, "a"), (b, "b")) if each is not None]
    tables = [_columns(each, name, fields) for each, name in given]
    codes = [encode(each) for each, _ in given]
    ids = [_ids(each, name, fields, len(own)) for (each, name), own in zip(given, codes, strict=True)]
    values, _ = field_values(tables[0], tables[1] if len(tables) > 1 else None, fields, {}, ("a", "b"), reading)
    sides = Sides(values, codes[0], codes[1] if len(codes) > 1 else None)
    links = link(sides, nearest(sides, wanted), wanted, trained=trained)
    if not len(links.match):
        warnings.warn(f"no match: {'; '.join(links.notes)}", UserWarning, stacklevel=3)
    return pa.concat_tables(pair_tables(links, ids[0], ids[-1]))


def _ids(held: Any, name: str, fields: Sequence[str], rows: int) -> Any:
    """What the rows are called, as `zoo.match` has it: by a frame's index or a column of keys, or by their numbers."""
    import pyarrow as pa

    if index_name(held) is not None:
        return pa.array(held.index.tolist())
    table = read_whole(held_table(held, name), None) if fields else pa.table({})
    key = key_column(table, fields)
    return pa.array(np.arange(rows)) if key is None else whole(table.column(key))


def _columns(held: Any, name: str, fields: Sequence[str]) -> Any:
    """The columns that are compared, a `pyarrow.Table`."""
    import pyarrow as pa

    if not fields:
        return pa.table({})
    table = held_table(held, name)
    lacking = [field for field in fields if field not in table.schema.names]
    return read_whole(table, None if lacking else fields)
