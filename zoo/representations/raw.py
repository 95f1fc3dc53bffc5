"""The rows as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.types import Block, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _Rows:
    name: str
    splits: Splits

    def encode(self, rows: Rows) -> Block:
        return self.splits.kind.matrix(self.splits.take(rows))

    def on(self, splits: Splits) -> _Rows:
        return replace(self, splits=splits)


class Raw:
    """What the user has without doing anything; images are flattened, sparse rows stay sparse."""

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        del trained
        return _Rows(name, splits)
