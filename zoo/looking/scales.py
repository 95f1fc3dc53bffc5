"""How columns of numbers differ in their ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.tables.words import some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.looking.column import Column


def scales(columns: Sequence[Column]) -> tuple[str, ...]:
    """A sentence on how different the columns' ranges are."""
    ranges = {each.name: (each.high or 0.0) - (each.low or 0.0) for each in columns if each.low is not None}
    ranges = {name: width for name, width in ranges.items() if width > 0}
    constant = [column.name for column in columns if column.is_constant]
    seen = [f"The same in every row: {some(constant)}."] if constant else []
    if len(ranges) > 1:
        least, most = min(ranges, key=lambda name: ranges[name]), max(ranges, key=lambda name: ranges[name])
        if ranges[most] > 10 * ranges[least]:
            seen.append(
                f"Scales differ: '{least}' spans {ranges[least]:.4g}, '{most}' {ranges[most]:.4g}; the recipe "
                "standardises the columns."
            )
    return tuple(seen)
