"""Rows times a matrix."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.types import Floats, Rows, Splits


@dataclass(frozen=True)
class Linear:
    """A table's rows less a mean [width], times directions [width, dimensions]."""

    name: str
    splits: Splits
    mean: Floats
    directions: Floats

    def encode(self, rows: Rows) -> Floats:
        """See `zoo.types.Representation`."""
        return self.splits.kind.projected(self.splits.take(rows), self.mean, self.directions)

    def on(self, splits: Splits) -> Linear:
        """See `zoo.types.Representation`."""
        return replace(self, splits=splits)
