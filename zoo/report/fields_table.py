"""What each field of records does for the code, as a table for the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.console import Group
from rich.markup import escape
from rich.text import Text

from zoo.report.tables import _cell, _number_columns, _table, _text_columns

if TYPE_CHECKING:
    from rich.console import RenderableType

    from zoo.types import FieldsReport


def fields_table(found: FieldsReport) -> RenderableType:
    """A line a field; columns that nothing is known of are left out."""
    shown = [
        (title, cells)
        for title, cells in (
            ("numbers", [str(each.numbers) if each.numbers else "" for each in found.fields]),
            ("filled", [_share(each.filled) for each in found.fields]),
            (f"{found.metric}\nlost without", [_cell(each.loss) for each in found.fields]),
            ("cosine of\nmatches", [_decimals(each.in_matches, 3) for each in found.fields]),
            ("cosine of\nothers", [_decimals(each.in_others, 3) for each in found.fields]),
            ("nats", [_decimals(each.distortion, 1) for each in found.fields]),
            ("nats by\nfrequency", [_decimals(each.free, 1) for each in found.fields]),
        )
        if any(cell.strip(" -") for cell in cells)
    ]
    table = _table("Fields")
    _text_columns(table, "field")
    _number_columns(table, *(title for title, _ in shown))
    for place, field in enumerate(found.fields):
        table.add_row(escape(field.name), *(cells[place] for _, cells in shown))
    return Group(table, Text(in_words(found), style="dim"), Text())


def in_words(found: FieldsReport) -> str:
    """What the columns are of."""
    said = [f"of {found.rows:,} test rows"]
    if found.whole is not None:
        said.append(f"{found.metric} of the whole code there is {found.whole}")
    if found.matches:
        said.append(
            f"the parts that fields have in the mean cosine of {found.matches:,} matches "
            f"({_total(found, 'in_matches')}) and of {found.others:,} candidates that are none "
            f"({_total(found, 'in_others')})"
        )
    if any(math.isfinite(each.distortion) for each in found.fields):
        said.append("nats are -log p of a cell given the code, beside what its frequencies in training rows give")
    if found.not_left_out:
        said.append(f"{found.not_left_out} fields were not left out")
    return "; ".join(said)


def _total(found: FieldsReport, part: str) -> str:
    return f"{sum(getattr(each, part) for each in found.fields):.3f}"


def _share(value: float) -> str:
    return f"{value:.0%}" if math.isfinite(value) else ""


def _decimals(value: float, places: int) -> str:
    return f"{value:.{places}f}" if math.isfinite(value) else ""
