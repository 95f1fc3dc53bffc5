"""How much of the rows' variance comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.types import Reconstructs

if TYPE_CHECKING:
    from zoo.types import Doubles, Floats, PositiveInt, Representation, Rows, Splits


class ReconstructionR2:
    """1 - (squared error) / (squared deviation from the mean), both summed over rows and columns.

    Equals scikit-learn's `r2_score(..., multioutput="variance_weighted")`. In the units of the raw rows for every
    representation, so that an encoder which drops what it holds to be noise (dominant directions, lengths) shows it.

    Args:
        rows: held-out rows to reconstruct at most, the first ones.
    """

    unit = "share of variance"
    higher_is_better = True

    def __init__(self, rows: PositiveInt = 5_000) -> None:
        self.rows = rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 2]: squared error, squared deviation; None for a representation that cannot reconstruct."""
        if not isinstance(representation, Reconstructs):
            return None
        taken = splits.test[: self.rows]
        rows = _flat(splits.kind.dense(splits.take(taken)))
        errors = ((rows - _flat(representation.reconstruct(taken))).astype(np.float64) ** 2).sum(axis=1)
        deviations = ((rows - rows.mean(axis=0, dtype=np.float64)) ** 2).sum(axis=1)
        return np.column_stack([errors, deviations])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[: self.rows]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """1 - sum of errors / sum of deviations; NaN if the rows are all the same."""
        errors, deviations = (weights @ values).T
        return 1 - errors / np.where(deviations > 0, deviations, np.nan)


def _flat(rows: Floats) -> Floats:
    return rows.reshape(len(rows), -1)
