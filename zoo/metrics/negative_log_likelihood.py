"""How many nats a held-out row costs a generative model."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._weighted import mean
from zoo.types import HasLikelihood

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


class NegativeLogLikelihood:
    """Mean of -log p(x) over held-out rows, in nats, by importance weighting with the posterior as proposal.

    An upper bound in expectation that falls with the number of samples. Comparable only between models whose
    likelihoods are over the same rows in the same units.

    Args:
        samples: draws from the posterior for each row.
        rows: held-out rows to look at most, the first ones.
        seed: of the draws.

    Reference:
        Burda, Grosse and Salakhutdinov 2016, "Importance weighted autoencoders", eq. 8.
    """

    unit = "nats"
    higher_is_better = False

    def __init__(self, samples: PositiveInt = 1_000, rows: PositiveInt = 1_000, seed: Seed = 0) -> None:
        self.samples, self.rows, self.seed = samples, rows, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] nats; None for a representation that is not of a generative model, or without held-out rows."""
        taken = splits.test[: self.rows]
        if not len(taken) or not isinstance(representation, HasLikelihood):
            return None
        return -np.asarray(representation.log_likelihoods(taken, self.samples, self.seed), np.float64)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[: self.rows]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)
