"""How much the columns of sparse rows tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Floats, Splits


def inverse_frequencies(splits: Splits) -> Floats:
    """Inverse document frequencies [columns] among the training rows, as scikit-learn's smoothed `TfidfTransformer`."""
    counts = np.zeros(splits.width)
    for block in splits.batches(splits.train):
        assert not isinstance(block, np.ndarray)  # noqa: S101  the caller has seen to it
        columns = block.indices[block.data != 0]
        counts += np.bincount(columns, minlength=splits.width)
    weights: Floats = (np.log((1 + len(splits.train)) / (1 + counts)) + 1).astype(np.float32)
    return weights
