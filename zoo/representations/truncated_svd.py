"""The directions in which rows are largest, for tables that must stay sparse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.representations._column_weights import inverse_frequencies
from zoo.representations._components import Components, require_components, scoring_size, whitening_scales

if TYPE_CHECKING:
    from zoo.types import NonNegativeInt, PositiveInt, Representation, Splits, Trained, UnitInterval

_LARGEST = 2**27  # numbers of the directions at most: 512 MiB


class TruncatedSVD:
    """scikit-learn's: components about 0, since centring would make a sparse table dense.

    Args:
        remove: leading directions to leave out.
        dimensions: components to keep, and to score rows by, instead of as many as the code has; a score is otherwise
            by a quarter of the columns at most, see `PCA`.
        whiten: each component is divided by its size (root mean square) to this power, see `PCA`.
        idf: weight columns by their inverse document frequency and fit to rows of length 1: latent semantic analysis.
            Codes keep the lengths of rows, which cosines do not see.

    Reference:
        Deerwester et al. 1990, "Indexing by latent semantic analysis".
    """

    def __init__(
        self,
        remove: NonNegativeInt = 0,
        dimensions: PositiveInt | None = None,
        whiten: UnitInterval = 0.0,
        idf: bool = False,
    ) -> None:
        self.remove, self.dimensions, self.whiten, self.idf = remove, dimensions, whiten, idf

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: sparse rows only, with enough columns."""
        if not splits.is_sparse:
            raise InputError(
                f"baselines.{name}: TruncatedSVD is for sparse rows, and the data are {splits.kind.in_words()}; take "
                f"baselines.{name}._target_=zoo.representations.PCA"
            )
        require_components(name, splits, self.remove, self.dimensions)

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from sklearn.decomposition import TruncatedSVD as Fitted
        from sklearn.preprocessing import normalize

        self.require(name, splits)
        kept = self.dimensions or trained.model.latent_dim
        if splits.width * kept > _LARGEST:
            raise InputError(
                f"PCA of {splits.width:,} columns to {kept} dimensions does not fit in memory: leave the baseline out "
                f"with ~baselines.{name}, and out of the gates"
            )
        rows = splits.kind.matrix(splits.take(splits.train))
        weights = inverse_frequencies(splits) if self.idf else None
        if weights is not None:
            rows = normalize(rows * weights[None, :])
        count = min(self.remove + kept, splits.width, len(splits.train))
        fitted = Fitted(count, random_state=0).fit(rows)
        directions = fitted.components_[self.remove :].T.astype(np.float32)
        sizes = fitted.singular_values_[self.remove :].astype(np.float64) ** 2 / len(splits.train)
        scoring = scoring_size(directions.shape[1], splits.width, self.dimensions)
        nowhere = np.zeros(splits.width, np.float32)
        return Components(name, splits, nowhere, directions, scoring, whitening_scales(sizes, self.whiten), weights)
