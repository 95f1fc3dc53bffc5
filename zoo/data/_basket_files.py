"""Baskets out of files: which items are in which basket."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import is_list, is_text
from zoo.tables.cells import parted_texts, plain_texts, whole
from zoo.tables.files import readable
from zoo.tables.keys import row_keys
from zoo.tables.long_form_table import long_cells
from zoo.tables.read_table import column_of, read_table, require_columns
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.long_form import LongForm
    from zoo.tables.table import Table

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


def read_lines(source: ByteSource, separator: str) -> BasketFile:
    """Reads one basket a line; the key of a basket is the number of its line, from 0.

    Raises:
        InputError: not UTF-8, or a quoted cell that does not end on its line.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lines = _lines(source)
    quoted = np.asarray(pc.match_substring(lines, '"').to_numpy(zero_copy_only=False), dtype=bool)
    rows, items = _parted(lines, separator, plain=~quoted)
    if quoted.any():
        more_rows, more_items = _quoted(lines, np.flatnonzero(quoted), source.name, separator)
        rows = np.concatenate([rows, more_rows])
        items = pa.concat_arrays([items, more_items])
    return _counted(source.name, rows, items, [str(number) for number in range(len(lines))], "line")


def read_column(opened: Table, name: str | None, key_column: str | None, separator: str) -> BasketFile:
    """Reads a column of lists, or of text with `separator` between the items; without a name, the only one of lists.

    Raises:
        InputError: no such column, none of lists or several, or cells that hold neither lists nor text.
    """
    where = opened.name
    table, notes = read_table(opened, named=[each for each in (name, key_column) if each])
    if name is None:
        lists = [field.name for field in table.schema if is_list(field.type)]
        if len(lists) != 1:
            what = "no column holds" if not lists else "several columns hold"
            raise InputError(
                f"{where}: {what} lists of items; name the one to read with data.column=; columns: "
                f"{', '.join(f'{field.name} ({field.type})' for field in table.schema)}; of a table in long form, with "
                "a row for each item of a basket, name data.basket_column= and data.item_column="
            )
        name = str(lists[0])
    column = column_of(table, name, "data.column", where)
    keys = row_keys(table, key_column, where)
    if is_list(column.type):
        rows, items = _flattened(column, where, name)
    elif is_text(column.type):
        rows, items = _parted(column, separator, plain=np.ones(len(column), dtype=bool))
    else:
        raise InputError(
            f"{where}: data.column={name} is of type {column.type}; a basket is a list of items, or text with "
            f"{separator!r} between them"
        )
    return _counted(where, rows, items, keys, "row", notes)


def read_long_form(opened: Table, form: LongForm, decimal: str) -> BasketFile:
    """Reads a table with a row for each item of a basket; baskets and items in the order in which they first come.

    Raises:
        InputError: no such column, or quantities that are no numbers.
    """
    import pyarrow as pa

    where = opened.name
    table, notes = read_table(opened, named=form.columns)
    for option, name in zip(("basket", "item", "quantity"), form.columns, strict=False):
        require_columns(table, [name], f"data.{option}_column", where)
    items, quantities, there = long_cells(table, form, where, decimal)
    lost = int(len(there) - np.count_nonzero(there))
    if lost:
        why = "a basket or an item" if form.quantity is None else "a basket, an item, or a quantity above 0"
        notes += (f"Dropped {count(lost, 'row')} without {why}.",)
    kept = pa.array(there)
    keys = plain_texts(table.column(form.basket)).filter(kept).dictionary_encode()
    rows = keys.indices.to_numpy(zero_copy_only=False)
    amounts = quantities[there].astype(np.float32)
    return _counted(where, rows, items.filter(kept), keys.dictionary.to_pylist(), "row", notes, amounts)


def _lines(source: ByteSource) -> Any:
    """The lines of a text file (also packed), a `pyarrow.StringArray`."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    with readable(source.name):
        try:
            table = arrow_csv.read_csv(
                source.whole(),
                read_options=arrow_csv.ReadOptions(column_names=["line"], use_threads=False),
                parse_options=arrow_csv.ParseOptions(delimiter=_NO_MARK, quote_char=False, ignore_empty_lines=False),
                convert_options=arrow_csv.ConvertOptions(column_types={"line": pa.large_string()}),
            )
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{source.name}: not lines of UTF-8 text ({error}); say which encoding it is in, such as "
                "data.encoding=latin-1, or export it with one basket a line, or name the column of baskets with "
                "data.column="
            ) from error
    return whole(table.column("line"))


def _parted(texts: Any, separator: str, *, plain: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Any]:
    """(row, item) pairs of the texts [rows] that are `plain`: without quotes, so that every separator parts items."""
    import pyarrow as pa
    import pyarrow.compute as pc

    chosen = np.flatnonzero(plain)
    parts = parted_texts(texts.filter(pa.array(plain)), separator)
    lengths = pc.list_value_length(parts).to_numpy(zero_copy_only=False)
    return np.repeat(chosen, lengths), pc.list_flatten(parts)


def _quoted(
    lines: Any, numbers: npt.NDArray[np.int64], where: str, separator: str
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
                f"{where}, line {number + 1}: the quotes do not match ({error}); put both double quotes around a cell "
                'on the same line, and write a quote inside it twice: "6"" pan"'
            ) from error
        rows += [number] * len(cells)
        items += cells
    return np.asarray(rows, dtype=np.int64), pa.array(items, pa.large_string())


def _flattened(column: Any, where: str, name: str) -> tuple[npt.NDArray[np.int64], Any]:
    """(row, item) pairs of a column of lists of strings or whole numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type.value_type
    if not (is_text(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        raise InputError(f"{where}: column '{name}' holds lists of {kind}; items are strings or whole numbers")
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    items = whole(pc.list_flatten(column)).cast(pa.large_string())
    return np.repeat(np.arange(len(column)), lengths), pc.fill_null(items, "")


def _counted(
    where: str,
    rows: npt.NDArray[np.int64],
    items: Any,
    keys: list[str],
    noun: str,
    notes: Sequence[str] = (),
    quantities: npt.NDArray[np.float32] | None = None,
) -> BasketFile:
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
        more = "" if quantities is None else " with a quantity above 0"
        raise InputError(f"{where}: no {noun} holds an item{more}; export the baskets again")
    shape = (len(keys), len(names))
    values = np.ones(len(rows), np.float32) if quantities is None else quantities
    counts = csr_array(coo_array((values, (rows, columns)), shape=shape))  # adds up doubles
    empty = np.diff(counts.indptr) == 0
    if not empty.any():
        return BasketFile(counts, names, keys, tuple(notes))
    kept = np.flatnonzero(~empty)
    note = f"Dropped {count(int(empty.sum()), noun)} without items."
    return BasketFile(counts[kept], names, [keys[row] for row in kept], (*notes, note))
