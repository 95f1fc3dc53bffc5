"""Words for messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def count(number: int, noun: str) -> str:
    """Such as `1 row` or `1,234 rows`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def some(names: Sequence[str], most: int = 5) -> str:
    """Names the first few, in quotes."""
    return ", ".join(repr(name) for name in names[:most]) + (", .." if len(names) > most else "")


def listed(names: Iterable[str]) -> str:
    """All names, in quotes."""
    return ", ".join(f"'{name}'" for name in names)
