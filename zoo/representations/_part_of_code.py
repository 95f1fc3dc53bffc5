"""Some of the numbers of a code, as a representation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.types import KeepsFields, Stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.types import Block, Representation, Rows, Splits

_FLOAT = 4  # bytes of a float32


@dataclass(frozen=True)
class PartOfCode:
    """A representation's code without some of its numbers, which for cosines and distances is these set to 0.

    Attributes:
        name: what to call it.
        source: the representation.
        columns: the numbers that are kept.
    """

    name: str
    source: Representation
    columns: Rows

    def encode(self, rows: Rows) -> Block:
        """See `zoo.types.Representation`."""
        return self.source.encode(rows)[:, self.columns]

    def on(self, splits: Splits) -> PartOfCode:
        """See `zoo.types.Representation`."""
        return replace(self, source=self.source.on(splits))

    def bytes_per_row(self) -> int:
        """See `zoo.types.Stored`."""
        width = self.source.encode(np.arange(1)).shape[1]
        whole = self.source.bytes_per_row() if isinstance(self.source, Stored) else _FLOAT * width
        return whole * len(self.columns) // width


def only_fields(source: Representation, fields: Sequence[str]) -> list[PartOfCode]:
    """Each of the fields alone, as `fields:NAME`; none where the representation keeps no fields apart."""
    if not isinstance(source, KeepsFields):
        return []
    return [PartOfCode(f"fields:{name}", source, np.arange(*source.places[name])) for name in fields]


def without_fields(source: Representation, fields: Sequence[str]) -> list[PartOfCode]:
    """The code without each of the fields in turn, as `without:NAME`."""
    if not isinstance(source, KeepsFields):
        return []
    width = max(end for _, end in source.places.values())
    kept = [np.setdiff1d(np.arange(width), np.arange(*source.places[name])) for name in fields]
    return [PartOfCode(f"without:{name}", source, columns) for name, columns in zip(fields, kept, strict=True)]
