"""Tables with named columns: CSV, TSV and Parquet, read into Arrow."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_numeric, is_text
from zoo.tables.files import ending, readable
from zoo.tables.parquet_file import open_parquet
from zoo.tables.words import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    import numpy.typing as npt

DELIMITED = {".csv": ",", ".csv.gz": ",", ".tsv": "\t", ".tsv.gz": "\t"}
PARQUET = (".parquet", ".pq")

# What pandas calls an index when it writes it beside the columns.
_INDEX = re.compile(r"__index_level_\d+__")


def read_table(path: Path, *, text: Collection[str] | None = (), only: Sequence[str] | None = None) -> Any:
    """Reads a file as a `pyarrow.Table`, without the index that pandas may have put in.

    Args:
        path: an existing file.
        text: columns of a delimited file that are kept as strings, so that "007" stays as it is; None keeps all. Types
            of the other columns are inferred, and Parquet has its own.
        only: read only these columns; the caller has seen that they are there.

    Raises:
        InputError: no table by its name, damaged, without rows or columns, or with two columns of one name.
    """
    delimiter = DELIMITED.get(ending(path, DELIMITED) or "")
    if delimiter is not None:
        table = _delimited(path, delimiter, text)
        table = table if only is None else table.select(list(only))
    elif ending(path, PARQUET):
        with open_parquet(path) as file:
            _refuse_repeated(path, file.schema_arrow.names)
            table = file.read(columns=None if only is None else list(only))
    else:
        raise InputError(
            f"{path}: no reader for files with this ending; readable: {', '.join(sorted([*DELIMITED, *PARQUET]))}"
        )
    table = table.select([name for name in table.column_names if not _INDEX.fullmatch(name)])
    if not table.num_columns:
        raise InputError(f"{path}: the table has no columns; export it again")
    if not table.num_rows:
        raise InputError(
            f"{path}: the table has no rows, only the columns {listed(table.column_names)}; export it again"
        )
    return table


def column_of(table: Any, name: str, option: str, where: str) -> Any:
    """The column that an option names, in one piece (a `pyarrow.Array`)."""
    require_columns(table, [name], option, where)
    column = table.column(name).combine_chunks()
    return column.combine_chunks() if hasattr(column, "chunks") else column


def require_columns(table: Any, names: Iterable[str], option: str, where: str) -> None:
    """Raises InputError where an option names a column that is not there, with the nearest that is."""
    for name in names:
        if name not in table.column_names:
            hint = suggestion(name, table.column_names, what="columns")
            raise InputError(f"{where}: {option}={name}: no such column; {hint}")


def numbers_of(column: Any, name: str, where: str, advice: str, missing: Collection[str] = ()) -> npt.NDArray[Any]:
    """A column as numbers [rows], NaN where a cell is missing.

    Args:
        column: a `pyarrow.Array` of numbers, or of strings that are numbers.
        name: its name, for messages.
        where: the file, for messages.
        advice: what to do about text, for messages.
        missing: strings that stand for a missing cell, beside "".

    Raises:
        InputError: a cell that is no number (its row), or a type that holds none.
    """
    import pyarrow as pa

    if is_numeric(column.type):
        plain = column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column
        if plain.null_count:
            plain = plain.cast(pa.float64(), safe=False)
        return np.asarray(plain.to_numpy(zero_copy_only=False))
    if pa.types.is_null(column.type):
        return np.full(len(column), np.nan)
    if not is_text(column.type):
        raise InputError(f"{where}: column '{name}' is of type {column.type}, not of numbers; {advice}")
    values = [_number(cell, missing) for cell in column.to_pylist()]
    for row, value in enumerate(values):
        if value is None:
            raise InputError(
                f"{where}: column '{name}', row {row} (from 0): {column[row].as_py()!r} is not a number; {advice}"
            )
    return np.asarray(values, dtype=np.float64)


def _number(cell: str | None, missing: Collection[str]) -> float | None:
    """The number a cell holds: NaN for a missing one, None for text."""
    text = (cell or "").strip()
    if not text or text in missing:
        return float("nan")
    try:
        return float(text)
    except ValueError:
        return None


def _delimited(path: Path, delimiter: str, text: Collection[str] | None) -> Any:
    import pyarrow as pa
    from pyarrow import csv

    broken: list[Any] = []

    def keep_invalid(row: Any) -> str:
        broken.append(row)
        return "error"

    options = {
        "read_options": csv.ReadOptions(use_threads=False),  # with several threads the row of a fault is not known
        "parse_options": csv.ParseOptions(
            delimiter=delimiter, newlines_in_values=True, invalid_row_handler=keep_invalid
        ),
    }
    with readable(path):
        try:
            with csv.open_csv(path, **options) as reader:
                names = reader.schema.names
            _refuse_repeated(path, names)
            _refuse_other_delimiter(path, names)
            kept = names if text is None else [name for name in names if name in text]
            strings = csv.ConvertOptions(column_types=dict.fromkeys(kept, pa.string()))
            return csv.read_csv(path, convert_options=strings, **options)
        except pa.ArrowInvalid as error:
            raise InputError(_fault(path, error, broken)) from error


def _fault(path: Path, error: Exception, broken: Sequence[Any]) -> str:
    if broken:
        row = broken[0]
        return (
            f"{path}: row {row.number} has {row.actual_columns} cells, but the header has {row.expected_columns} "
            "(the header is row 1, empty lines do not count); repair the row, and put cells that hold the separator "
            'in double quotes, "like, this"'
        )
    if "Empty CSV" in str(error):
        return f"{path}: the file holds nothing but empty lines; export it again"
    if "UTF8" in str(error):
        return f"{path}: not UTF-8 ({error}); save it as UTF-8"
    return f"{path}: not a table that can be read ({error}); export it again"


def _refuse_other_delimiter(path: Path, names: Sequence[str]) -> None:
    other = next((mark for mark in (";", "\t", "|", ",") if len(names) == 1 and mark in names[0]), None)
    if other is not None:
        what = "a tab" if other == "\t" else f"'{other}'"
        raise InputError(
            f"{path}: the header is a single cell, {names[0]!r}, so {what} seems to part the cells; export it with "
            "commas as .csv, or with tabs as .tsv"
        )


def _refuse_repeated(path: Path, names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise InputError(f"{path}: several columns are called {listed(repeated)}; give each a name of its own")
