"""What a column of a table holds, as far as a sample of its cells tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

Holds = Literal["number", "whole number", "truth", "category", "text", "date", "vectors", "items", "empty", "other"]

_IN_WORDS = {
    "number": "numbers",
    "whole number": "whole numbers",
    "truth": "true or false",
    "category": "categories",
    "text": "text",
    "date": "dates",
    "vectors": "vectors",
    "items": "lists of items",
    "empty": "nothing in any row",
    "other": "cells that no recipe reads",
}


@dataclass(frozen=True)
class Column:
    """A column of a sample.

    Attributes:
        name: its own.
        holds: of what kind its cells are.
        rows: of the sample.
        gaps: rows without a cell.
        distinct: how many different cells there are.
        low: the least number; None of other cells.
        high: the greatest.
        width: numbers of each vector, if all have as many.
        examples: a few cells.
        is_plain: of numbers, whether each cell is one to any recipe: no unit, no mark between thousands or for a gap.
        use: what the recipe takes it for, where not to train on: "label", "key", or why it is left out.
    """

    name: str
    holds: Holds
    rows: int
    gaps: int = 0
    distinct: int = 0
    low: float | None = None
    high: float | None = None
    width: int | None = None
    examples: tuple[str, ...] = ()
    use: str = ""
    is_plain: bool = True

    @property
    def is_number(self) -> bool:
        """Whether its cells are single numbers that any recipe reads."""
        return self.is_quantity and self.is_plain

    @property
    def is_quantity(self) -> bool:
        """Whether its cells are single numbers, however they are written."""
        return self.holds in {"number", "whole number", "truth"}

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in every row that has it."""
        return self.holds not in {"empty", "other"} and self.distinct <= 1 and not self.gaps

    @property
    def is_binary(self) -> bool:
        """Whether its cells are 0 and 1 alone."""
        return self.is_number and self.low == 0 and self.high == 1 and self.distinct <= 2

    def in_words(self) -> str:
        """Such as `whole numbers 18 .. 90, 4% missing: the label`."""
        parts = [f"{_IN_WORDS[self.holds]}{self._range()}"]
        if self.is_constant:
            parts.append("the same in every row")
        if self.gaps and self.holds != "empty":
            share = 100 * self.gaps / self.rows
            parts.append(f"{share:.0f}% missing" if share >= 0.5 else f"{self.gaps} missing")
        return ", ".join(parts) + (f": {self.use}" if self.use else "")

    def _range(self) -> str:
        if self.low is not None and self.holds != "truth":
            return f" {self.low:.6g} .. {self.high:.6g}"
        if self.width is not None:
            return f" of {self.width} numbers"
        if self.holds == "category":
            return (
                f" ({self.distinct}: {', '.join(self.examples)}{', ..' if self.distinct > len(self.examples) else ''})"
            )
        return f", such as {self.examples[0]}" if self.examples else ""


def together(columns: Sequence[Column]) -> Column:
    """Columns that hold the like as if they were one, to be told of."""
    first = columns[0]
    lows = [column.low for column in columns if column.low is not None]
    highs = [column.high for column in columns if column.high is not None]
    return replace(
        first,
        rows=sum(column.rows for column in columns),
        gaps=sum(column.gaps for column in columns),
        distinct=max(column.distinct for column in columns),
        low=min(lows) if lows else None,
        high=max(highs) if highs else None,
    )
