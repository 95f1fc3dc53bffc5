"""What a variational code costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.types import HasRates

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class RatePerDimension:
    """Mean of KL(q(z_d|x) || p(z_d)) over rows and dimensions, in nats; it describes, it does not rank.

    Args:
        rows: held-out rows to look at most, the first ones.
    """

    unit = "nats"
    higher_is_better = None

    def __init__(self, rows: PositiveInt = 5_000) -> None:
        self.rows = rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions]; None for a representation without a rate."""
        if not isinstance(representation, HasRates):
            return None
        return representation.rates(splits.test[: self.rows]).astype(np.float64)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[: self.rows]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return weights @ values.mean(axis=1) / weights.sum(axis=1)
