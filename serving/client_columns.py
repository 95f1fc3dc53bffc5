"""Columns by their names: of whatever holds a table, and as the inputs of a signature."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAMED = 8  # names in a message at most


def columns_of(rows: Any) -> dict[str, Any] | None:
    """Name -> cells of a DataFrame, Arrow table, mapping of columns or list of mappings; None for anything else."""
    if isinstance(rows, Mapping):
        return {str(name): column for name, column in rows.items()}
    if isinstance(rows, list) and rows and all(isinstance(row, Mapping) for row in rows):
        names = dict.fromkeys(name for row in rows for name in row)
        return {str(name): [row.get(name) for row in rows] for name in names}
    if hasattr(rows, "to_dict") and hasattr(rows, "iloc"):  # pandas, without importing it
        return {str(name): rows[name] for name in rows.columns} if hasattr(rows, "columns") else None
    if hasattr(rows, "__arrow_c_stream__") or type(rows).__name__ == "RecordBatch":  # Arrow, polars and the like
        import pyarrow as pa

        if isinstance(rows, pa.ChunkedArray | pa.Array):
            return None
        table = pa.Table.from_batches([rows]) if isinstance(rows, pa.RecordBatch) else pa.table(rows)
        return {name: table.column(place) for place, name in enumerate(table.column_names)}
    return None


def are_numbered(columns: Mapping[str, Any]) -> bool:
    """Whether nobody has named the columns: pandas calls them 0, 1, 2, ..."""
    return list(columns) == [str(place) for place in range(len(columns))]


def column_of_input(model: str, inputs: Iterable[str], columns: Mapping[str, Any]) -> dict[str, str]:
    """Input -> the column that it takes.

    Raises:
        ValueError: columns that are missing; the message has the nearest that are there.
    """
    inputs = list(inputs)
    found = {name: name for name in inputs if name in columns}
    spare = [name for name in columns if name not in found]
    for name in inputs:
        # a signature's input cannot have every name that a column can have
        meant = [] if name in found else [column for column in spare if _as_input(column) == name]
        if len(meant) == 1:
            found[name] = meant[0]
    missing = sorted(set(inputs) - set(found))
    if missing:
        spare = [name for name in columns if name not in found.values()]
        raise ValueError(
            f"{model} takes columns by name: {_some(inputs)}; missing: {_some(_hinted(missing, spare))}; "
            f"there are {_some(list(columns)) or 'none'}"
        )
    return found


def require_no_misspelling(rows: Sequence[Mapping[Any, Any]], names: Iterable[str]) -> None:
    """Refuses mappings that lack a column and have a key that is like it.

    Raises:
        ValueError: such a key.
    """
    wanted = set(names)
    strange = {str(key) for row in rows for key in row} - wanted
    for number, row in enumerate(rows if strange else ()):
        lacking = [name for name in wanted if name not in row]
        for key in strange & {str(key) for key in row}:
            near = _nearest(key, lacking)
            if near:
                raise ValueError(f"row {number} (from 0) has {key!r} and no {near!r}: did you mean {near!r}?")


def _as_input(column: str) -> str:
    """What an exported encoder calls the input for a column whose name TensorFlow cannot take."""
    stem = re.sub(r"[^A-Za-z0-9_]", "_", column)
    return stem if re.match("[A-Za-z]", stem) else f"column_{stem}"


def _hinted(missing: Sequence[str], there: Sequence[str]) -> list[str]:
    near = {name: _nearest(name, there) for name in missing}
    return [f"{name} (did you mean {near[name]!r}?)" if near[name] else name for name in missing]


def _nearest(name: str, there: Sequence[str]) -> str | None:
    lower = {other.lower(): other for other in there}
    found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
