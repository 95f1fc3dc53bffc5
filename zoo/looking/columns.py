"""What the columns of a sample hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._mixed_fields import plainly, reads_of
from zoo.data._record_fields import column_of_cells, number_in
from zoo.looking.column import Column
from zoo.rows.plain_text import MISSING_WORDS, MissingCells
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.cells import floats, plain_texts, whole
from zoo.tables.text_cells import is_missing, kind_of, parsed_numbers

if TYPE_CHECKING:
    from zoo.data._record_fields import Column as Texts
    from zoo.looking.column import Holds

_SHOWN, _LETTERS = 3, 24
_WHOLE = 2.0**53  # float64 has no fractions beyond
_MORE_THAN_A_NUMBER = r"^\s*(0[0-9]+|[0-9]{8})\s*$"  # a code such as 01067, or a day as 20200131
_NOTHING = MissingCells(MISSING_WORDS)


def columns_of(rows: Any, decimal: str = ".") -> tuple[Column, ...]:
    """What each column of a `pyarrow.Table` holds; of text, numbers have a mark before their fraction."""
    return tuple(_column(name, _single(whole(rows.column(name))), decimal) for name in rows.column_names)


def numbers_in(cells: Any, decimal: str = ".") -> Any:
    """Numbers [rows] of a column that holds numbers, NaN where one is missing."""
    cells = whole(cells)
    return np.asarray(floats(parsed_numbers(cells, decimal) if is_text(cells.type) else cells), dtype=np.float64)


def _single(cells: Any) -> Any:
    """Durations as seconds and times of day as texts, which they are read as; other cells as they are."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_duration(cells.type):
        return pc.multiply(cells.cast(pa.duration("us"), safe=False).cast(pa.int64()), 1e-6)
    return plain_texts(cells) if pa.types.is_time(cells.type) else cells


def _column(name: str, cells: Any, decimal: str) -> Column:
    import pyarrow as pa

    kind = cells.type
    if pa.types.is_null(kind) or cells.null_count == len(cells):
        return Column(name, "empty", len(cells), len(cells))
    if is_list(kind):
        return _lists(name, cells)
    if is_numeric(kind):
        return _numbers(name, cells, "truth" if pa.types.is_boolean(kind) else "number", decimal)
    if is_text(kind):
        return _texts(name, cells, decimal)
    if pa.types.is_temporal(kind):
        texts = plain_texts(cells)
        return Column(name, "date", len(cells), cells.null_count, _distinct(texts), examples=_examples(texts))
    return Column(name, "other", len(cells), cells.null_count, examples=(str(kind),))


def _numbers(name: str, cells: Any, holds: Holds, decimal: str) -> Column:
    numbers = numbers_in(cells, decimal)
    there = numbers[np.isfinite(numbers)]
    if not there.size:
        return Column(name, "empty", len(numbers), len(numbers))
    if holds == "number" and (there == np.floor(there)).all() and np.abs(there).max() < _WHOLE:
        holds = "whole number"
    bounds = float(there.min()), float(there.max())
    return Column(name, holds, len(numbers), len(numbers) - there.size, len(np.unique(there)), *bounds)


def _texts(name: str, cells: Any, decimal: str) -> Column:
    """A column of text: what its cells are, read as the recipe for tables reads them."""
    import pyarrow.compute as pc

    found = kind_of(cells, decimal)
    texts = plain_texts(cells)
    if found.name == "numbers" and not (found.whole and pc.any(pc.match_substring_regex(texts, _MORE_THAN_A_NUMBER))):
        return _numbers(name, cells, "number", decimal)
    if found.name == "vectors" and found.bracketed:
        gaps = int(pc.sum(is_missing(cells)).as_py())
        there = texts.filter(pc.invert(is_missing(cells)))
        return Column(name, "vectors", len(cells), gaps, _distinct(there), width=found.width)
    read = column_of_cells(texts, np.arange(len(texts)), _NOTHING)
    plain, _ = plainly(read, "," if decimal == "," else None)
    holds = reads_of(plain)
    if holds == "number":
        if found.name == "numbers":
            return _numbers(name, cells, "number", decimal)
        return _written(name, plain)
    common = np.argsort(-read.seen, kind="stable")[:_SHOWN]
    shown = tuple(_short(read.texts[place]) for place in common.tolist())
    as_known: dict[str, Holds] = {"date": "date", "category": "category", "constant": "category", "empty": "empty"}
    gaps = read.rows - read.filled
    return Column(name, as_known.get(holds, "text"), read.rows, gaps, len(read.texts), examples=shown)


def _written(name: str, read: Texts) -> Column:
    """Numbers of which some are written so that only a table's own recipe reads them."""
    numbers = np.asarray([np.nan if (found := number_in(text)) is None else found for text in read.texts])
    there = numbers[np.isfinite(numbers)]
    rows = int(read.seen[np.isfinite(numbers)].sum())
    distinct, bounds = len(np.unique(there)), (float(there.min()), float(there.max()))
    return Column(name, "number", read.rows, read.rows - rows, distinct, *bounds, is_plain=False)


def _lists(name: str, cells: Any) -> Column:
    """Vectors, if all lists hold as many numbers; otherwise lists of items."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = pc.list_value_length(cells).drop_null()
    inner, missing = cells.type.value_type, cells.null_count
    widths = pc.unique(lengths).to_pylist()
    fraction = pa.types.is_floating(inner) or pa.types.is_decimal(inner)
    fixed = pa.types.is_fixed_size_list(cells.type)
    if is_numeric(inner) and len(widths) == 1 and (fraction or fixed):
        return Column(name, "vectors", len(cells), missing, len(cells) - missing, width=int(widths[0]))
    if is_numeric(inner) and fraction:
        return Column(name, "vectors", len(cells), missing, len(cells) - missing)
    if is_text(inner) or pa.types.is_integer(inner):
        shown = tuple(_short(str(each)) for each in (cells.drop_null().slice(0, 1).to_pylist() or [[]])[0][:_SHOWN])
        return Column(name, "items", len(cells), missing, _distinct(pc.list_flatten(cells)), examples=shown)
    return Column(name, "other", len(cells), missing, examples=(str(cells.type),))


def _distinct(cells: Any) -> int:
    import pyarrow.compute as pc

    return int(pc.count_distinct(cells).as_py())


def _examples(texts: Any) -> tuple[str, ...]:
    return tuple(_short(text) for text in texts.drop_null().slice(0, 1).to_pylist())


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _LETTERS else f"{one_line[: _LETTERS - 2]}.."
