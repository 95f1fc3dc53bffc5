"""Columns by their names: of whatever holds a table, and as names of a signature's inputs."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_NAMED, _HINTED = 8, 3
_RESERVED = {"self", "args", "kwargs"}  # which TensorFlow's functions take for something else


def columns_of_table(rows: Any) -> dict[str, Any] | None:
    """Name -> cells [n] of a DataFrame, an Arrow table or record batch, or a mapping; None for anything else."""
    if isinstance(rows, Mapping):
        return {str(name): _cells(cells) for name, cells in rows.items()}
    arrow = arrow_table(rows)
    if arrow is not None:
        return {name: arrow.column(place) for place, name in enumerate(arrow.column_names)}
    if hasattr(rows, "to_dict") and hasattr(rows, "columns"):  # pandas, without importing it
        return {str(name): rows[name] for name in rows.columns}
    return None


def arrow_table(rows: Any) -> Any:
    """A `pyarrow.Table` of an Arrow table or batch, or of a polars frame or the like; None for anything else."""
    if hasattr(rows, "to_dict") and hasattr(rows, "iloc"):
        return None  # pandas speaks Arrow as well, but not for all of its types
    if type(rows).__name__ == "LazyFrame":  # of polars
        rows = rows.collect()
    if not hasattr(rows, "__arrow_c_stream__") and type(rows).__name__ != "RecordBatch":
        return None
    import pyarrow as pa

    if isinstance(rows, pa.Table):
        return rows
    if isinstance(rows, pa.RecordBatch):
        return pa.Table.from_batches([rows])
    return None if isinstance(rows, pa.ChunkedArray | pa.Array) else pa.table(rows)


def widths_of_places(names: Sequence[str], aside: Collection[str | None] = ()) -> tuple[int, ...]:
    """Widths of arrays [n, width] whose columns these are by their places: "0", "1", ..; none where they are called.

    Args:
        names: of all columns of the rows that were trained on.
        aside: those that are labels, keys and the like, which new rows may lack where they are last.
    """
    places = sorted(int(name) for name in names if name.isdecimal())
    if not places or places != list(range(len(places))):
        return ()
    read = [place for place in places if str(place) not in aside]
    return tuple(sorted({len(places), *(place + 1 for place in read[-1:])}))


def missing_columns(lacking: Sequence[str], there: Sequence[str]) -> str:
    """The columns that are lacking, each with what it may be called instead, and what there is."""
    named = []
    for name in lacking[:_NAMED]:
        near = nearest(name, [other for other in there if other not in lacking])
        named.append(f"{name} (did you mean {near!r}?)" if near else name)
    more = f" and {len(lacking) - _NAMED} more" if len(lacking) > _NAMED else ""
    have = ", ".join(there[: 4 * _NAMED]) + (", .." if len(there) > 4 * _NAMED else "")
    return f"{', '.join(named)}{more}; there are {have or 'none'}"


def with_nearest(strange: Sequence[str], known: Sequence[str]) -> str:
    """Names that are not known, the first few with the nearest that is."""
    named = []
    for name in strange[:_HINTED]:
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        named.append(f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name))
    return ", ".join(named) + (", .." if len(strange) > _HINTED else "")


def nearest(name: str, there: Sequence[str]) -> str | None:
    """The one of the names that is most like another, whatever their case; None if none is like it."""
    lower = {other.lower(): other for other in there}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def misspelt_keys(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> None:
    """Refuses mappings in which a column is lacking while a key is there that is like it.

    Raises:
        ValueError: such a key, or a column that no mapping has.
    """
    if not rows:
        return
    keys = dict.fromkeys(str(key) for row in rows for key in row)
    lacking = [name for name in names if name not in keys]
    if lacking:
        raise ValueError(f"fields are missing: {missing_columns(lacking, list(keys))}")
    strange = [key for key in keys if key not in set(names)]
    if not strange:
        return
    for number, row in enumerate(rows):
        lacking = [name for name in names if name not in row]
        for key in (key for key in strange if key in row):
            near = nearest(key, lacking)
            if near:
                raise ValueError(f"row {number} (from 0) has {key!r} and no {near!r}: did you mean {near!r}?")


def input_names(columns: Sequence[str]) -> dict[str, str]:
    """Column -> name of the signature's input for it: the same where TensorFlow can take it, else the nearest."""
    names: dict[str, str] = {}
    taken = set(columns)
    for column in columns:
        name = column
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", column) or _is_reserved(column):
            stem = re.sub(r"[^A-Za-z0-9_]", "_", column)
            stem = stem if re.match(r"[A-Za-z]", stem) else f"column_{stem}"
            number, name = 2, f"{stem}_" if _is_reserved(stem) else stem
            while name in taken:
                number, name = number + 1, f"{stem}_{number}"
        taken.add(name)
        names[column] = name
    return names


def _is_reserved(name: str) -> bool:
    """Whether a name is one of Python's own words, or of TensorFlow's functions, which take inputs as arguments."""
    return name in _RESERVED or keyword.iskeyword(name)


def _cells(cells: Any) -> Any:
    if hasattr(cells, "dictionary_encode") or isinstance(cells, np.ndarray | list) or hasattr(cells, "tolist"):
        return cells
    return list(np.asarray(cells, dtype=object)) if hasattr(cells, "__array__") else list(cells)
