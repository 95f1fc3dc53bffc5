"""The rows as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.types import Block, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _Rows:
    name: str
    splits: Splits

    def encode(self, rows: Rows) -> Block:
        return self.splits.kind.matrix(self.splits.take(rows))

    def bytes_per_row(self) -> int:
        """See `zoo.types.Stored`: as the table holds them; of sparse rows 4 bytes for each column number and value."""
        features: Any = self.splits.features
        if self.splits.is_sparse:
            return round(8 * features.nnz / max(len(self.splits), 1))
        return self.splits.width * int(features.dtype.itemsize)

    def on(self, splits: Splits) -> _Rows:
        return replace(self, splits=splits)


class Raw:
    """What the user has without doing anything; images are flattened, sparse rows stay sparse."""

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        del trained
        return _Rows(name, splits)
