"""The directions in which rows are largest, for tables that must stay sparse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.representations._components import Components, scoring_size

if TYPE_CHECKING:
    from zoo.types import NonNegativeInt, PositiveInt, Representation, Splits, Trained

_LARGEST = 2**27  # numbers of the directions at most: 512 MiB


class TruncatedSVD:
    """scikit-learn's: components about 0, since centring would make a sparse table dense.

    Args:
        remove: leading directions to leave out.
        dimensions: components to keep, and to score rows by, instead of as many as the code has; a score is otherwise
            by a quarter of the columns at most, see `PCA`.
    """

    def __init__(self, remove: NonNegativeInt = 0, dimensions: PositiveInt | None = None) -> None:
        self.remove, self.dimensions = remove, dimensions

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from sklearn.decomposition import TruncatedSVD as Fitted

        kept = self.dimensions or trained.model.latent_dim
        if splits.width * kept > _LARGEST:
            raise InputError(
                f"PCA of {splits.width:,} columns to {kept} dimensions does not fit in memory: leave the baseline out "
                f"with ~baselines.{name}, and out of the gates"
            )
        rows = splits.kind.matrix(splits.take(splits.train))
        count = min(self.remove + kept, splits.width - 1, len(splits.train) - 1)
        fitted = Fitted(count, random_state=0).fit(rows)
        directions = fitted.components_[self.remove :].T.astype(np.float32)
        scoring = scoring_size(directions.shape[1], splits.width, self.dimensions)
        return Components(name, splits, np.zeros(splits.width, np.float32), directions, scoring)
