"""What the columns of a sample hold."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.looking.column import Column
from zoo.rows.typed_field import YEARS_FIRST, YEARS_LAST
from zoo.tables.arrow_types import is_list, is_numeric, is_text
from zoo.tables.cells import floats, plain_texts, whole
from zoo.tables.text_cells import is_missing, kind_of, parsed_numbers

if TYPE_CHECKING:
    from zoo.looking.column import Holds

_NEARLY_ALL = 0.9
_MOST_CATEGORIES, _ROWS_OF_ONE = 100, 4
_SHOWN, _LETTERS = 3, 24
_DATE = re.compile(f"{YEARS_FIRST}|{YEARS_LAST}", re.IGNORECASE)


def columns_of(rows: Any, decimal: str = ".") -> tuple[Column, ...]:
    """What each column of a `pyarrow.Table` holds; of text, numbers have a mark before their fraction."""
    return tuple(_column(name, whole(rows.column(name)), decimal) for name in rows.column_names)


def numbers_in(cells: Any, decimal: str = ".") -> Any:
    """Numbers [rows] of a column that holds numbers, NaN where one is missing."""
    cells = whole(cells)
    return np.asarray(floats(parsed_numbers(cells, decimal) if is_text(cells.type) else cells), dtype=np.float64)


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
    if holds == "number" and (there == np.floor(there)).all():
        holds = "whole number"
    bounds = float(there.min()), float(there.max())
    return Column(name, holds, len(numbers), len(numbers) - there.size, len(np.unique(there)), *bounds)


def _texts(name: str, cells: Any, decimal: str) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    found = kind_of(cells, decimal)
    if found.name == "numbers":
        return _numbers(name, cells, "number", decimal)
    gaps = is_missing(cells)
    texts = plain_texts(cells.filter(pc.invert(gaps)))
    missing = len(cells) - len(texts)
    if not len(texts):
        return Column(name, "empty", len(cells), missing)
    holds: Holds
    if found.name == "vectors" and found.bracketed:
        return Column(name, "vectors", len(cells), missing, _distinct(texts), width=found.width)
    counted = pc.value_counts(texts).sort(by="counts", order="descending")
    shown = tuple(_short(str(each["values"])) for each in counted[:_SHOWN].to_pylist())
    matches = pa.array([_DATE.fullmatch(text) is not None for text in texts.slice(0, 1000).to_pylist()])
    dated = float(pc.mean(matches).as_py())
    if dated >= _NEARLY_ALL:
        holds = "date"
    else:
        few = len(counted) <= _MOST_CATEGORIES and len(counted) * _ROWS_OF_ONE <= len(texts)
        holds = "category" if few else "text"
    return Column(name, holds, len(cells), missing, len(counted), examples=shown)


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
