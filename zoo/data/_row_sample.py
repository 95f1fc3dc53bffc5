"""A sample of rows that are seen once: which rows it holds is a property of the rows, not of their order."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Doubles, Floats, Rows


@dataclass(frozen=True)
class SomeRows:
    """Rows and what is known of them.

    Attributes:
        positions: [n] what decides over them, see `zoo.data._key_split.key_positions`.
        rows: [n] their numbers in the table.
        vectors: [n, width].
        keys: [n] their names.
        labels: [n] cells of the column of labels; None for each where there is none.
    """

    positions: Doubles
    rows: Rows
    vectors: Floats
    keys: npt.NDArray[np.object_]
    labels: npt.NDArray[np.object_]

    def take(self, chosen: Any) -> SomeRows:
        """Some of them."""
        return SomeRows(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def __len__(self) -> int:
        """How many."""
        return len(self.rows)

    @classmethod
    def of(cls, several: list[SomeRows]) -> SomeRows:
        """Several together."""
        return cls(*(np.concatenate([getattr(each, field.name) for each in several]) for field in fields(cls)))


class RowSample:
    """Of all rows that are added, the `most` with the smallest positions; more than twice as many are never held.

    Positions are digests of keys, so this is a random sample, the same one whatever the rows' order, and that of a
    table that grows is made of the same rows but for those that new ones displace.

    Args:
        most: rows.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held, self._bound = most, list[SomeRows](), 1.0
        self.seen = 0

    def add(self, rows: SomeRows) -> None:
        """Looks at rows."""
        self.seen += len(rows)
        near = rows.positions <= self._bound
        if near.any():
            self._held.append(rows.take(near))
        if sum(map(len, self._held)) > 2 * self._most:
            self._held = [self.rows()]
            self._bound = float(self._held[0].positions.max())

    def rows(self) -> SomeRows:
        """The sample, in the table's order."""
        held = SomeRows.of(self._held)
        nearest = np.lexsort((held.rows, held.positions))[: self._most]
        return held.take(nearest[np.argsort(held.rows[nearest], kind="stable")])
