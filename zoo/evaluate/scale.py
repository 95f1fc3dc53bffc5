"""The scale that opponents and metrics see columns on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from zoo.types import Splits


def on_scale(splits: Splits, scale: Literal["auto", "none", "standardise"]) -> Splits:
    """The same table, whose rows are on a scale; what a served encoder reads stays as it is.

    Args:
        splits: the table; its training rows give means and deviations, counted by their weights.
        scale: `standardise`, `none`, or `auto`, which standardises columns that have names and so, mostly, units of
            their own. Names that only count ("dim_0", "dim_1", ..) are those of a vector.

    Raises:
        InputError: rows that have no columns to standardise.
    """
    has_columns = len(splits.shape) == 1 and not splits.is_sparse
    if scale == "standardise" and not has_columns:
        raise InputError(f"judge.scale=standardise is for columns of numbers, not for {splits.kind.in_words()}")
    if scale == "none" or not has_columns or (scale == "auto" and not splits.kind.has_units):
        return splits
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for block, weights in splits.training_batches():
        if weights.any():
            scaler.partial_fit(np.asarray(block, np.float64), sample_weight=weights.astype(np.float64))
    return replace(splits, scale=(scaler.mean_.astype(np.float32), scaler.scale_.astype(np.float32)))
