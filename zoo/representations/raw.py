"""The rows as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Block, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _Rows:
    name: str
    splits: Splits

    def encode(self, rows: Rows) -> Block:
        block = self.splits.take(rows)
        return block.reshape(len(rows), -1) if isinstance(block, np.ndarray) else block

    def on(self, splits: Splits) -> _Rows:
        return replace(self, splits=splits)


class Raw:
    """What the user has without doing anything; images are flattened, sparse rows stay sparse."""

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        del trained
        return _Rows(name, splits)
