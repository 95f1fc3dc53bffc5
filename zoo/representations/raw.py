"""The rows as they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.representations._plain import Plain

if TYPE_CHECKING:
    from zoo.types import Block, Representation, Splits, Trained


@dataclass(frozen=True)
class _Rows(Plain):
    name: str

    def encode(self, rows: Block) -> Block:
        return rows.reshape(len(rows), -1) if isinstance(rows, np.ndarray) else rows


class Raw:
    """What the user has without doing anything; images are flattened, sparse rows stay sparse."""

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        del splits, trained
        return _Rows(name)
