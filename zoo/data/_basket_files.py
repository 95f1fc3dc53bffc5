"""Baskets out of files: which items are in which basket."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_list, is_text
from zoo.tables.files import ending, readable
from zoo.tables.keys import row_keys
from zoo.tables.read_table import PARQUET, column_of, read_table
from zoo.tables.words import count

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt
    from scipy.sparse import csr_array

_NO_MARK = "\x1f"  # parts no cells in a text file, so that Arrow hands over whole lines


@dataclass(frozen=True)
class BasketFile:
    """What a file holds.

    Attributes:
        counts: [baskets, items] CSR float32, how often each item is in each basket.
        items: names of the columns, as they first come.
        keys: [baskets] names.
        notes: what was decided that the file's owner would want to know.
    """

    counts: csr_array
    items: list[str]
    keys: list[str]
    notes: tuple[str, ...] = ()


def read_lines(path: Path, separator: str) -> BasketFile:
    """Reads one basket a line; the key of a basket is the number of its line, from 0.

    Raises:
        InputError: not UTF-8, or a quoted cell that does not end on its line.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = _lines(path)
    quoted = np.asarray(pc.match_substring(lines, '"').to_numpy(zero_copy_only=False), dtype=bool)
    rows, items = _parted(lines, separator, plain=~quoted)
    if quoted.any():
        more_rows, more_items = _quoted(lines, np.flatnonzero(quoted), path, separator)
        rows = np.concatenate([rows, more_rows])
        items = pa.concat_arrays([items, more_items])
    return _counted(path, rows, items, [str(number) for number in range(len(lines))], "line")


def read_column(path: Path, name: str | None, key_column: str | None, separator: str) -> BasketFile:
    """Reads a column of lists, or of text with `separator` between the items; without a name, the only one of lists.

    Raises:
        InputError: no such column, none of lists or several, or cells that hold neither lists nor text.
    """
    table = read_table(path, text=None)
    if name is None:
        lists = [field.name for field in table.schema if is_list(field.type)]
        if len(lists) != 1:
            what = "no column holds" if not lists else "several columns hold"
            raise InputError(
                f"{path}: {what} lists of items; name the one to read with data.column=; columns: "
                f"{', '.join(f'{field.name} ({field.type})' for field in table.schema)}"
            )
        name = str(lists[0])
    column = column_of(table, name, "data.column", str(path))
    keys = row_keys(table, key_column, path)
    if is_list(column.type):
        rows, items = _flattened(column, path, name)
    elif is_text(column.type):
        rows, items = _parted(column, separator, plain=np.ones(len(column), dtype=bool))
    else:
        raise InputError(
            f"{path}: data.column={name} is of type {column.type}; a basket is a list of items, or text with "
            f"{separator!r} between them"
        )
    return _counted(path, rows, items, keys, "row")


def takes_lines(path: Path) -> bool:
    """Whether a file without a named column is read line by line: any but Parquet."""
    return ending(path, PARQUET) is None


def _lines(path: Path) -> Any:
    """The lines of a text file (also with .gz), a `pyarrow.StringArray`."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    with readable(path):
        try:
            table = arrow_csv.read_csv(
                path,
                read_options=arrow_csv.ReadOptions(column_names=["line"], use_threads=False),
                parse_options=arrow_csv.ParseOptions(delimiter=_NO_MARK, quote_char=False, ignore_empty_lines=False),
                convert_options=arrow_csv.ConvertOptions(column_types={"line": pa.large_string()}),
            )
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{path}: not lines of UTF-8 text ({error}); export it with one basket a line, or name the column of "
                "baskets with data.column="
            ) from error
    return column_of(table, "line", "", str(path))


def _parted(texts: Any, separator: str, *, plain: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Any]:
    """(row, item) pairs of the texts [rows] that are `plain`: without quotes, so that every separator parts items."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = np.flatnonzero(plain)
    if pa.types.is_dictionary(texts.type):
        texts = texts.cast(texts.type.value_type)
    parts = pc.split_pattern(pc.fill_null(texts.cast(pa.large_string()).filter(pa.array(plain)), ""), separator)
    lengths = pc.list_value_length(parts).to_numpy(zero_copy_only=False)
    return np.repeat(chosen, lengths), pc.list_flatten(parts)


def _quoted(
    lines: Any, numbers: npt.NDArray[np.int64], path: Path, separator: str
) -> tuple[npt.NDArray[np.int64], Any]:
    """(row, item) pairs of the lines that hold quotes."""
    import pyarrow as pa

    rows: list[int] = []
    items: list[str] = []
    for number in numbers.tolist():
        try:
            (cells,) = csv.reader([lines[number].as_py()], delimiter=separator, skipinitialspace=True, strict=True)
        except csv.Error as error:
            raise InputError(
                f"{path}, line {number + 1}: the quotes do not match ({error}); put both double quotes around a cell "
                'on the same line, and write a quote inside it twice: "6"" pan"'
            ) from error
        rows += [number] * len(cells)
        items += cells
    return np.asarray(rows, dtype=np.int64), pa.array(items, pa.large_string())


def _flattened(column: Any, path: Path, name: str) -> tuple[npt.NDArray[np.int64], Any]:
    """(row, item) pairs of a column of lists of strings or whole numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type
    if not (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise InputError(f"{path}: column '{name}' holds lists of {kind}; items are strings or whole numbers")
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    items = pc.list_flatten(column)
    if pa.types.is_dictionary(items.type):
        items = items.cast(items.type.value_type)
    return np.repeat(np.arange(len(column)), lengths), pc.fill_null(items.cast(pa.large_string()), "")


def _counted(path: Path, rows: npt.NDArray[np.int64], items: Any, keys: list[str], noun: str) -> BasketFile:
    """Counts pairs; cells without an item count for nothing, and baskets without any are left out."""
    import pyarrow.compute as pc
    from scipy.sparse import coo_array, csr_array

    coded = pc.utf8_trim_whitespace(items).dictionary_encode()
    names: list[str] = coded.dictionary.to_pylist()
    columns = coded.indices.to_numpy(zero_copy_only=False)
    if "" in names:
        nothing = names.index("")
        there = columns != nothing
        rows, columns = rows[there], columns[there]
        columns = columns - (columns > nothing)
        del names[nothing]
    if not names:
        raise InputError(f"{path}: no {noun} holds an item; export the baskets again")
    shape = (len(keys), len(names))
    counts = csr_array(coo_array((np.ones(len(rows), np.float32), (rows, columns)), shape=shape))  # adds up doubles
    empty = np.diff(counts.indptr) == 0
    if not empty.any():
        return BasketFile(counts, names, keys)
    kept = np.flatnonzero(~empty)
    note = f"Dropped {count(int(empty.sum()), noun)} without items."
    return BasketFile(counts[kept], names, [keys[row] for row in kept], (note,))
