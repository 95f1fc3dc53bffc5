"""Numbers as a page shows them."""

from __future__ import annotations

import math


def number(value: float | None) -> str:
    """A number as it is shown: four digits that matter, or a dash."""
    if value is None:
        return "-"
    if math.isnan(value):
        return "not a number"
    size = abs(value)
    if size >= 10 and float(value).is_integer():
        return f"{value:,.0f}"
    if size >= 10_000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:,.1f}"
    return f"{value:.3f}" if size < 10 else f"{value:.2f}"
