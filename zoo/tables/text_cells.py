"""What cells of text hold: numbers, vectors or words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

_DIGITS = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_WHOLE = r"^\s*[-+]?[0-9]{1,18}\s*$"
_NUMBER = rf"^\s*(?:{_DIGITS}|[-+]?(?i:inf|infinity))\s*$"
_BETWEEN = r"[\s,;]+"
_INSIDE = rf"\s*(?:{_DIGITS}|[-+]?(?i:nan|inf))(?:{_BETWEEN}(?:{_DIGITS}|[-+]?(?i:nan|inf)))+\s*"
_VECTOR = rf"^\s*(?:{_INSIDE}|\[{_INSIDE}\]|\({_INSIDE}\))\s*$"
_BRACKETED = rf"^\s*\[{_INSIDE}\]\s*$"
_GROUPED = re.compile(r"\s*[-+]?[0-9]{1,3}([,.' \u00a0\u202f])[0-9]{3}(\1[0-9]{3})*([.,][0-9]+)?\s*")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?\s*")
_TYPED = "np.float"
_TRUTH = r"^\s*(?i:true|false)\s*$"

# What stands for a missing number, as pandas and Arrow read it.
MISSING = ("", "#N/A", "N/A", "NA", "NULL", "NaN", "n/a", "nan", "null", "-nan", "-NaN", "<NA>", "None", "none")


@dataclass(frozen=True)
class Kind:
    """What a column of text holds.

    Attributes:
        name: "numbers", "vectors", "text", or "empty".
        stray: the first row whose cell is no number where most are, or None.
        width: of vectors, if all have one.
        bracketed: whether vectors stand in brackets.
        whole: whether all numbers are whole.
    """

    name: str
    stray: int | None = None
    width: int | None = None
    bracketed: bool = False
    whole: bool = False


def kind_of(column: Any, decimal: str = ".") -> Kind:
    """What a column of text (a `pyarrow.Array`) holds.

    Numbers, where each cell that is not missing is one, or is true or false. Vectors, where most cells of the column
    hold at least two numbers and all of them as many.
    """
    import pyarrow.compute as pc

    there = column.filter(pc.invert(is_missing(column)))
    if not len(there):
        return Kind("empty")
    numbers = are_numbers(there, decimal)
    known = int(pc.sum(numbers).as_py())
    if known == len(there) or pc.all(pc.match_substring_regex(there, _TRUTH)).as_py():
        return Kind("numbers", whole=bool(pc.all(pc.match_substring_regex(there, _WHOLE)).as_py()))
    if 2 * known > len(there):
        cells = pc.fill_null(column, "")
        wrong = pc.invert(pc.or_(is_missing(cells), are_numbers(cells, decimal)))
        return Kind("text", stray=int(pc.index(wrong, True).as_py()))
    return _vectors(there) if 2 * len(there) > len(column) else Kind("text")


def is_missing(column: Any) -> Any:
    """Whether each cell is missing, a `pyarrow.BooleanArray`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(pc.fill_null(column, ""))
    return pc.is_in(trimmed, value_set=pa.array(MISSING, trimmed.type))


def are_numbers(column: Any, decimal: str = ".") -> Any:
    """Whether each cell is a number, a `pyarrow.BooleanArray`."""
    import pyarrow.compute as pc

    return pc.match_substring_regex(column, _NUMBER.replace(r"\.", re.escape(decimal)))


def parsed_numbers(column: Any, decimal: str = ".") -> Any:
    """Cells that are numbers, true, false or missing, as a `pyarrow.DoubleArray`."""
    import pyarrow as pa
    import pyarrow.compute as pc

    cells = pc.if_else(is_missing(column), None, pc.utf8_trim_whitespace(column))
    if pc.any(pc.match_substring_regex(cells, _TRUTH)).as_py():
        return pc.cast(pc.cast(cells, pa.bool_()), pa.float64())
    if decimal != ".":
        cells = pc.replace_substring(cells, decimal, ".")
    return pc.cast(pc.utf8_ltrim(cells, "+"), pa.float64())


def parsed_vectors(column: Any) -> tuple[Any, Any, int | None]:
    """Cells such as "[0.1, 0.2]", "0.1 0.2" or "(1; 2)" as vectors.

    Returns:
        Lengths [rows], 0 for a missing cell, the numbers of all cells one after another, and the first row that is no
        vector, or None.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    column = _untyped(column)
    empty = is_missing(column)
    single = pc.or_(are_numbers(pc.utf8_trim(column, "[]() ")), pc.match_substring_regex(column, _VECTOR))
    wrong = pc.invert(pc.or_(empty, pc.fill_null(single, False)))
    if pc.any(wrong).as_py():
        return np.empty(0), np.empty(0), int(pc.index(wrong, True).as_py())
    inside = pc.utf8_trim(pc.utf8_trim(pc.utf8_trim_whitespace(column), "[]()"), " \t\r\n,;")
    cells = pc.split_pattern_regex(pc.if_else(empty, None, inside), _BETWEEN)
    lengths = pc.fill_null(pc.list_value_length(cells), 0).to_numpy(zero_copy_only=False)
    numbers = pc.cast(pc.utf8_ltrim(pc.list_flatten(cells), "+"), pa.float64())
    return lengths, numbers.to_numpy(zero_copy_only=False), None


def looks_grouped(cell: str) -> bool:
    """Whether a cell is a number with marks between its thousands, such as "1,234"."""
    return _GROUPED.fullmatch(cell) is not None


def ungrouped(cell: str) -> str:
    """Such a number without the marks."""
    found = _GROUPED.fullmatch(cell)
    return cell.strip() if found is None else cell.replace(found.group(1), "").strip()


def has_decimal_comma(cell: str) -> bool:
    """Whether a cell is a number with a comma before its fraction, such as "0,5"."""
    return _DECIMAL_COMMA.fullmatch(cell) is not None


def _untyped(cells: Any) -> Any:
    """Cells such as "[np.float64(0.1), ..]", as Python writes lists of NumPy's numbers, without the types."""
    import pyarrow.compute as pc

    if not pc.any(pc.match_substring(cells, _TYPED)).as_py():
        return cells
    return pc.replace_substring_regex(cells, rf"{_TYPED}\d*\(([^()]*)\)", r"\1")


def _vectors(there: Any) -> Kind:
    import pyarrow.compute as pc

    there = _untyped(there)
    if not pc.all(pc.match_substring_regex(there.slice(0, 20), _VECTOR)).as_py():
        return Kind("text")
    lengths, _, wrong = parsed_vectors(there)
    if wrong is not None or len(set(lengths.tolist())) > 1:
        bracketed = bool(pc.all(pc.match_substring_regex(there.slice(0, 20), _BRACKETED)).as_py())
        return Kind("vectors", bracketed=bracketed)
    bracketed = bool(pc.all(pc.match_substring_regex(there, _BRACKETED)).as_py())
    return Kind("vectors", width=int(lengths[0]), bracketed=bracketed)
