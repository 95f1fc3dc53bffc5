"""Is what was trained and judged what is served?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.encoder import Encoder
from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.types import Splits


def require_one_reading(model: Any, splits: Splits, tolerance: float) -> None:
    """Compares the codes of the test rows by both ways: from features, as in training, and from raw cells, as served.

    Args:
        model: a built `zoo.models.Autoencoder`.
        splits: the table.
        tolerance: largest difference allowed: absolute for codes of up to 1, relative to a block's largest beyond.

    Raises:
        ZooError: they differ, which a user of the encoder would not see.
    """
    if splits.kind.plain() is splits.kind and splits.raw is None:
        return  # features are what is served
    trained = Encoder.from_model("as trained", model, kind=splits.kind.plain())
    served = Encoder.from_model("as served", model, kind=splits.kind)
    wrong: list[int] = []
    largest = start = 0.0
    for codes in served.encode_table(splits, splits.test):
        rows = splits.test[int(start) : int(start) + len(codes)]
        wanted = trained.encode(splits.take(rows))
        apart = np.abs(codes.astype(np.float64) - wanted).max(axis=1) / max(1.0, float(np.abs(wanted).max(initial=0)))
        wrong += rows[~(apart <= tolerance)].tolist()
        largest, start = max(largest, float(np.max(apart, initial=0))), start + len(codes)
    if wrong:
        first = wrong[0] if splits.keys is None else splits.keys[wrong[0]]
        raise ZooError(
            f"{len(wrong):,} of {len(splits.test):,} test rows get other codes from their raw cells, as they will be "
            f"served, than from the numbers that were trained on (by up to {largest:.2e}; the first is {first!r}): the "
            f"source reads cells otherwise than its kind of row, {type(splits.kind).__name__}; nothing was published"
        )
