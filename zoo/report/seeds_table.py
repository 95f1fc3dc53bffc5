"""What each seed scored, and how likely a new one is to beat the opponents."""

from __future__ import annotations

from statistics import stdev
from typing import TYPE_CHECKING

from rich.markup import escape

from zoo.report.fitting import InParts
from zoo.report.tables import _number, _number_columns, _table, _text_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType
    from rich.table import Table

    from zoo.types import Report


def seeds_table(report: Report) -> RenderableType:
    """A line for each seed, one for their standard deviation, and one for the chance to beat each opponent."""

    def table(metrics: Sequence[str], *, is_first: bool) -> Table:
        made = _table(title if is_first else "")
        _text_columns(made, "encoder")
        _number_columns(made, *(f"{metric}\n({report.units[metric]})" for metric in metrics))
        for place in range(count):
            released = " (released)" if place == report.released else ""
            made.add_row(f"seed {place + 1} of {count}{released}", *(_number(report.seeds[m][place]) for m in metrics))
        made.add_row("standard deviation", *(_number(stdev(report.seeds[metric])) for metric in metrics))
        for name, chances in report.chances.items():
            cells = [f"{chances[metric]:.0%}" if metric in chances else "-" for metric in metrics]
            made.add_row(f"chance to beat {escape(name)}", *cells)
        return made

    count = max(map(len, report.seeds.values()))
    title = f"{count} seeds on the test rows, and the chance that a new one beats each opponent"
    return InParts(list(report.seeds), table)
