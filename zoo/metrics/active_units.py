"""How many dimensions of a variational code say anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._weighted import undefined
from zoo.types import HasRates

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveFloat, PositiveInt, Representation, Rows, Splits


class ActiveUnits:
    """Dimensions whose posterior mean varies: Var_x(E[z_d|x]) > threshold. A collapsed dimension is constant.

    Args:
        threshold: variance above which a dimension is active, the prior's being 1.
        rows: held-out rows to look at most, the first ones.

    Reference:
        Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", section 5.2.
    """

    unit = "dimensions"
    higher_is_better = True

    def __init__(self, threshold: PositiveFloat = 0.01, rows: PositiveInt = 5_000) -> None:
        self.threshold, self.rows = threshold, rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, dimensions] codes; None for a representation without a rate, whose scale means nothing."""
        if not isinstance(representation, HasRates):
            return None
        return np.asarray(representation.encode(splits.test[: self.rows]), np.float64)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[: self.rows]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The number of active dimensions; NaN if codes are not finite."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        centred = values - values.mean(axis=0)  # so that the difference of two moments loses no digits
        shares = weights / weights.sum(axis=1, keepdims=True)
        variances = shares @ centred**2 - (shares @ centred) ** 2
        return (variances > self.threshold).sum(axis=1).astype(np.float64)
