"""Arrow's columns as NumPy arrays, without a Python object for each number."""

from __future__ import annotations

import ast
import contextlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.arrow_types import innermost, is_list, is_numeric, is_text
from zoo.tables.text_cells import are_numbers, has_decimal_comma, is_missing, parsed_numbers, parsed_vectors

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

_LIST = r"^\s*[\[{(]"  # a cell that may be written as a list
_PAIRS = {"[": "]", "{": "}"}
_CACHED = 4096  # rows at a time when columns become rows, so that they stay in the processor's cache


def whole(column: Any) -> Any:
    """A column in one piece and of a type that computing takes: no dictionaries, no views."""
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        column = (
            column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.nulls(0, column.type)])
        )
    kind = column.type
    if pa.types.is_dictionary(kind):  # a dictionary may hold a value twice, or values that no row has
        return whole(column.dictionary).take(column.indices)  # a cast does not know dictionaries of views
    if pa.types.is_string_view(kind):
        return column.cast(pa.large_string())
    if pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind):
        return pa.array(column.to_pylist(), pa.large_list(kind.value_type))
    return column


def floats(column: Any) -> npt.NDArray[Any]:
    """Numbers [n] of a column of them, NaN where one is missing; no copy where none is needed."""
    import pyarrow as pa

    column = whole(column)
    if pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.float64())
    elif column.null_count:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        column = column.cast(pa.float64(), safe=False)
    return np.asarray(column.to_numpy(zero_copy_only=False))


def numbers_of(
    column: Any,
    name: str,
    where: str,
    advice: str,
    missing: Collection[str] = (),
    decimal: str = ".",
    first: int = 0,
) -> npt.NDArray[Any]:
    """A column as numbers [rows], NaN where a cell is missing.

    Args:
        column: a column of Arrow's, of numbers or of strings that are numbers.
        name: its name, for messages.
        where: the file, for messages.
        advice: what to do about text, for messages.
        missing: strings that stand for a missing cell, beside the usual ones.
        decimal: the mark before fractions.
        first: the number of the column's first row, for messages.

    Raises:
        InputError: a cell that is no number (its row), or a type that holds none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = whole(column)
    if is_numeric(column.type) or pa.types.is_null(column.type):
        return floats(column)
    if not is_text(column.type):
        raise InputError(f"{where}: column '{name}' is of type {column.type}, not of numbers; {advice}")
    cells = pc.fill_null(column, "")
    if missing:
        cells = pc.if_else(pc.is_in(cells, value_set=pa.array(sorted(missing), cells.type)), "", cells)
    try:
        return floats(parsed_numbers(cells, decimal))
    except pa.ArrowInvalid:
        wrong = pc.index(pc.or_(is_missing(cells), are_numbers(cells, decimal)), False).as_py()
        cell = cells[max(wrong, 0)].as_py()
        comma = "; a comma before the fraction is read with data.decimal=comma"
        raise InputError(
            f"{where}: column '{name}', row {first + wrong} (from 0): {cell!r} is not a number; {advice}"
            f"{comma if decimal == '.' and has_decimal_comma(cell) else ''}"
        ) from None


def vectors_of(column: Any, name: str, where: str, *, required: bool = False, first: int = 0, width: int = 0) -> Any:
    """[rows, width] float32 from a column of lists, or of text such as "[0.1, 0.2]"; NaN where a vector is missing.

    Args:
        column: the column, or a piece of it.
        name: its name, for messages.
        where: the file, for messages.
        required: whether missing vectors, and missing numbers in them, are errors.
        first: the number of the column's first row, for messages.
        width: that vectors must have; 0 takes the first one's.

    Raises:
        InputError: vectors of several widths, none at all, or cells that are none; with their row.
    """
    column = whole(column)
    lengths, values = _flat(column, name, where, first)
    there = np.flatnonzero(lengths >= 0)
    if required and len(there) < len(lengths):
        row = first + int(np.flatnonzero(lengths < 0)[0])
        raise InputError(f"{where}: column '{name}' has no vector in row {row} (from 0)")
    if not there.size and not width:
        raise InputError(f"{where}: column '{name}' has no vector in any row; export the table again")
    width = width or int(lengths[there[0]])  # a piece without any vector is all NaN where the width is known
    ragged = there[lengths[there] != width]
    if ragged.size:
        raise InputError(
            f"{where}: column '{name}', row {first + ragged[0]} (from 0): {lengths[ragged[0]]} numbers, expected "
            f"{width} as in the rows before"
        )
    holes = np.empty(0, np.int64)
    if required and is_list(column.type) and column.flatten().null_count:
        holes = np.flatnonzero(np.isnan(values))
    if holes.size:
        row, place = divmod(int(holes[0]), width)
        raise InputError(
            f"{where}: column '{name}', row {first + row} (from 0): number {place + 1} of {width} is missing"
        )
    vectors = np.full((len(lengths), width), np.nan, dtype=np.float32)
    with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then reported as such
        vectors[there] = values.reshape(len(there), width)
    return vectors


def dense_rows(table: Any, shape: Sequence[int], first: int, where: str) -> npt.NDArray[np.float32]:
    """[rows, *shape] from one column of lists, nested or flat, or of vectors as text, or from a column for each number.

    Raises:
        InputError: a missing list, lists of other lengths, or rows with NaN or infinity, by their row.
    """
    kind = table.schema.field(0).type
    if table.num_columns == 1 and is_list(kind):
        numbers = _listed(whole(table.column(0)), shape, first, where)
    elif table.num_columns == 1 and is_text(kind):
        column = whole(table.column(0))
        _refuse(is_missing(column).to_numpy(zero_copy_only=False), first, where, "the cell is empty")
        numbers = vectors_of(column, table.column_names[0], where, first=first, width=math.prod(shape))
    else:
        columns = [floats(column) for column in table.columns]
        numbers = np.empty((table.num_rows, len(columns)), np.float32)
        with np.errstate(over="ignore"):
            for start in range(0, len(numbers), _CACHED):
                for place, column in enumerate(columns):
                    numbers[start : start + _CACHED, place] = column[start : start + _CACHED]
    _require_finite(numbers, first, where)
    return numbers.reshape(-1, *shape)


def sparse_rows(table: Any, columns: int, first: int, where: str) -> Any:
    """A CSR array [rows, columns] from a column of lists of indices and one of lists of values.

    Raises:
        InputError: a missing list, lists that differ in length, indices that do not exist or values not finite.
    """
    from scipy.sparse import csr_array

    indices, values = (whole(column) for column in table.columns)
    lengths, others = (_lengths(column, first, where) for column in (indices, values))
    _refuse(lengths != others, first, where, "indices and values differ in number")
    places, numbers = indices.flatten().to_numpy(zero_copy_only=False), floats(values.flatten())
    row = np.repeat(np.arange(len(lengths)), lengths)
    wrong = np.zeros(len(lengths), bool)
    wrong[row[~((places >= 0) & (places < columns))]] = True
    _refuse(wrong, first, where, f"indices must lie between 0 and {columns - 1:,}")
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32, copy=False)
    wrong[row[~np.isfinite(numbers)]] = True
    _refuse(wrong, first, where, "NaN or infinity")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return csr_array((numbers, places.astype(np.int32, copy=False), starts), shape=(len(lengths), columns))


def plain_texts(column: Any) -> Any:
    """Cells [n] as a `pyarrow.LargeStringArray` without blanks around them: "" for none, whole numbers as such."""
    import pyarrow as pa
    import pyarrow.compute as pc

    column = whole(column)
    if not (is_text(column.type) or pa.types.is_integer(column.type) or pa.types.is_null(column.type)):
        cells = ["" if cell is None or cell != cell else plain_text(cell) for cell in column.to_pylist()]  # noqa: PLR0124
        column = pa.array(cells, pa.large_string())
    return pc.utf8_trim_whitespace(pc.fill_null(column.cast(pa.large_string()), ""))


def parted_texts(column: Any, separator: str) -> Any:
    """Cells [n] of text as lists [n] of what stands between separators; an empty cell lists "" alone.

    What is written as programs write lists and sets is read as they are: ['a, b', 'c'], {a,b}.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = pc.fill_null(whole(column).cast(pa.large_string()), "")
    if not pc.any(pc.match_substring_regex(texts, _LIST)).as_py():
        return pc.split_pattern(texts, separator)
    return pa.array([_parted(cell, separator) for cell in texts.to_pylist()], pa.list_(pa.large_string()))


def _parted(cell: str, separator: str) -> list[str]:
    """The items of one cell."""
    text = cell.strip()
    is_bracketed = len(text) > 1 and _PAIRS.get(text[0]) == text[-1]
    if not is_bracketed and not (text.startswith("(") and text.endswith(")")):
        return cell.split(separator)
    with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
        # a set is read as a list, which keeps its order
        items = ast.literal_eval(f"[{text[1:-1]}]" if is_bracketed else text)
        if isinstance(items, list | tuple):
            return [plain_text(each) for each in items] or [""]
    if not is_bracketed:  # such as (organic) milk
        return cell.split(separator)
    return [_unquoted(each) for each in text[1:-1].split(separator)]


def _unquoted(item: str) -> str:
    bare = item.strip()
    return bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" else item


def list_cells(column: Any) -> list[list[Any]]:
    """Lists of a column; a missing one is empty."""
    return [cell or [] for cell in column.to_pylist()]


def plain_text(cell: Any) -> str:
    """A cell as text, whole numbers without a fraction, bytes as what they spell."""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _flat(column: Any, name: str, where: str, first: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any]]:
    """Lengths [rows], -1 for a missing vector, and the numbers of all vectors one after another."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if is_list(column.type) and is_numeric(innermost(column.type)) and not is_list(column.type.value_type):
        lengths = pc.fill_null(pc.list_value_length(column).cast(pa.int64()), -1).to_numpy(zero_copy_only=False)
        return lengths, floats(column.flatten())
    if not is_text(column.type):
        raise InputError(
            f"{where}: data.vector_column={name} is of type {column.type}, not of lists of numbers; columns of single "
            "numbers are named with data.columns="
        )
    cells = pc.fill_null(column, "")
    counts, numbers, wrong = parsed_vectors(cells)
    if wrong is not None:
        raise InputError(
            f"{where}: column '{name}', row {first + wrong} (from 0): {cells[wrong].as_py()[:60]!r} is not a vector "
            "such as '[0.1, 0.2]'; repair it, or export the table as Parquet"
        )
    return np.where(is_missing(cells).to_numpy(zero_copy_only=False), -1, counts), numbers


def _listed(column: Any, shape: Sequence[int], first: int, where: str) -> npt.NDArray[Any]:
    """[rows, width] from a column of lists."""
    rows, width, wanted = len(column), math.prod(shape), list(shape)
    cells = 1  # lists in a row at this depth
    while is_list(column.type):
        lengths = _lengths(column, first, where, cells)
        inner_most = not is_list(column.type.value_type)
        size = width // cells if inner_most else (wanted.pop(0) if wanted else 0)
        wrong = lengths != size
        if wrong.any():
            found = int(lengths[wrong][0])
            if (lengths == found).all():
                raise InputError(
                    f"{where}: each list holds {found:,} numbers and not {size:,}: rows of shape {list(shape)} are "
                    "wanted; give such as the encoder was trained on, or take the encoder of these"
                )
            _refuse(np.any(wrong.reshape(rows, -1), axis=1), first, where, f"{found:,} numbers and not {size:,}")
        column, cells = whole(column.flatten()), cells * size
    if cells != width:
        raise InputError(f"{where}: lists of {cells:,} numbers, but the encoder takes rows of shape {list(shape)}")
    numbers = floats(column)
    with np.errstate(over="ignore"):
        return numbers.astype(np.float32, copy=False).reshape(rows, width)


def _lengths(column: Any, first: int, where: str, cells: int = 1) -> npt.NDArray[np.int64]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        missing = column.is_null().to_numpy(zero_copy_only=False).reshape(-1, cells).any(axis=1)
        _refuse(missing, first, where, "the cell is empty")
    return np.asarray(pc.list_value_length(column).cast(pa.int64()).to_numpy(zero_copy_only=False))


def _require_finite(numbers: npt.NDArray[np.float32], first: int, where: str) -> None:
    if np.isfinite(numbers.sum(dtype=np.float64)):  # NaN and infinity survive a sum: most blocks need no closer look
        return
    _refuse(np.any(~np.isfinite(numbers), axis=1), first, where, "NaN, infinity or an empty cell")


def _refuse(wrong: Any, first: int, where: str, what: str) -> None:
    """Raises InputError if any row is wrong."""
    rows = np.flatnonzero(wrong)
    if rows.size:
        numbers = ", ".join(f"{first + int(row):,}" for row in rows[:5]) + (", .." if rows.size > 5 else "")
        raise InputError(
            f"{where}: {what} in row{'s' if rows.size > 1 else ''} {numbers} (from 0; {rows.size:,} of the "
            f"{len(wrong):,} rows from {first:,} on); repair or leave out {'them' if rows.size > 1 else 'it'}"
        )
