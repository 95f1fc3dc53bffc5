"""Matching tables that are in memory, with an encoder at hand."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.matching.linking import Sides, field_values, link, nearest
from zoo.matching.outcome import pair_tables
from zoo.tables.held_table import held_table
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
    tables = [_columns(each, name, fields) for each, name in ((a, "a"), (b, "b")) if each is not None]
    codes = [encode(each) for each in (a, b) if each is not None]
    values, _ = field_values(tables[0], tables[1] if len(tables) > 1 else None, fields, {}, ("a", "b"), reading)
    sides = Sides(values, codes[0], codes[1] if len(codes) > 1 else None)
    links = link(sides, nearest(sides, wanted), wanted, trained=trained)
    if not len(links.match):
        warnings.warn(f"no match: {'; '.join(links.notes)}", UserWarning, stacklevel=3)
    ids = [pa.array(np.arange(len(each))) for each in codes]
    return pa.concat_tables(pair_tables(links, ids[0], ids[-1]))


def _columns(held: Any, name: str, fields: Sequence[str]) -> Any:
    """The columns that are compared, a `pyarrow.Table`."""
    import pyarrow as pa

    if not fields:
        return pa.table({})
    table = held_table(held, name)
    lacking = [field for field in fields if field not in table.schema.names]
    return read_whole(table, None if lacking else fields)
