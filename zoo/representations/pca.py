"""Principal components, of the rows or of what is left of them without their dominant directions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.moments import Moments
from zoo.representations._components import Components, scoring_size
from zoo.representations.truncated_svd import TruncatedSVD

if TYPE_CHECKING:
    from zoo.types import NonNegativeInt, PositiveInt, Representation, Splits, Trained


class PCA:
    """As many principal components as the encoder's code has dimensions, or all there are if that is more.

    Removing the mean and the leading directions and then taking principal components is the same as taking the
    components behind the leading ones, since principal directions are orthogonal. Of a sparse table: `TruncatedSVD`.

    The score of a row is its squared error with these components, but with a quarter of the columns at most: the more
    of them are kept, the less is left of an anomaly.

    Args:
        remove: leading directions to leave out (Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417).
        weighted: count the rows as training does, by `data`'s weights, rather than all alike.
        dimensions: components to keep, and to score rows by, instead of as many as the code has.
    """

    def __init__(
        self, remove: NonNegativeInt = 0, weighted: bool = False, dimensions: PositiveInt | None = None
    ) -> None:
        self.remove, self.weighted, self.dimensions = remove, weighted, dimensions

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        kept = self.dimensions or trained.model.latent_dim
        if splits.is_sparse:
            return TruncatedSVD(self.remove, self.dimensions).fit(name, splits, trained)
        # block by block, so that no second table is made; the directions are those of scikit-learn's PCA up to sign
        table = splits if self.weighted else replace(splits, weights=None)
        blocks = table.weighted_batches(splits.train)
        moments = Moments.of(
            splits.width, ((np.asarray(block).reshape(len(weights), -1), weights) for block, weights in blocks)
        )
        skipped = min(self.remove, splits.width - 1)
        _, directions = moments.principal()
        chosen = directions[:, skipped : skipped + kept]
        scoring = scoring_size(chosen.shape[1], splits.width, self.dimensions)
        return Components(name, splits, moments.mean.astype(np.float32), chosen.astype(np.float32), scoring)
