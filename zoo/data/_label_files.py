"""Labels that lie in a file of their own, beside the rows."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

OPTION = "data.labels"
WHAT = "the file of labels"


def read_labels(place: str, rows: int, of: str) -> npt.NDArray[Any]:
    """One label for each row, numbers or words [rows]; objects where cells are missing.

    Args:
        place: a `.npy` file, or a table (CSV, Parquet, ...) of one column.
        rows: how many there must be.
        of: what the rows are from, for messages.

    Raises:
        InputError: there is no such file, it is not readable, or it does not hold one label for each row.
    """
    from zoo.tables.files import existing_file

    path = existing_file(place, OPTION)
    labels = _array(path) if path.suffix.lower() == ".npy" else _column(path)
    if labels.size != rows or labels.shape[:1] != (rows,):
        raise InputError(
            f"{path}: labels of shape {list(labels.shape)}, but {of} has {rows:,} rows; {OPTION} must hold one label "
            "for each of them"
        )
    return labels.reshape(-1)


def _array(path: Path) -> npt.NDArray[Any]:
    from zoo.tables.files import readable

    with readable(path):
        try:
            return np.asarray(np.load(path, allow_pickle=False))
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a .npy file of numbers or strings ({error}); write it with numpy.save, strings as an "
                "array of type str and not object"
            ) from error


def _column(path: Path) -> npt.NDArray[Any]:
    from zoo.tables.open_table import open_table
    from zoo.tables.table import read_whole

    table = read_whole(open_table(path, None, OPTION))
    if table.num_columns != 1:
        raise InputError(
            f"{path}: {table.num_columns} columns, {', '.join(table.column_names[:5])}; {OPTION} takes a .npy file or "
            "a table of one column, and a column of the rows' own file is named with data.label_column="
        )
    return np.asarray(table.column(0).to_pylist(), dtype=object)
