"""Principal components, of the rows or of what is left of them without their dominant directions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.moments import Moments
from zoo.representations._plain import Plain

if TYPE_CHECKING:
    from zoo.types import Block, Floats, NonNegativeInt, PositiveInt, Representation, Splits, Trained


_LARGEST_SPARSE = 2**27  # numbers of a sparse table's directions at most: 512 MiB


@dataclass(frozen=True)
class _Components(Plain):
    name: str
    mean: Floats
    directions: Floats

    def encode(self, rows: Block) -> Floats:
        if not isinstance(rows, np.ndarray):
            return np.asarray(rows @ self.directions, np.float32) - self.mean @ self.directions
        return ((rows.reshape(len(rows), -1) - self.mean) @ self.directions).astype(np.float32)

    def reconstruct(self, rows: Block) -> Floats:
        flat = (self.encode(rows) @ self.directions.T + self.mean).astype(np.float32)
        return flat.reshape(rows.shape)

    def score(self, rows: Block) -> Floats:
        """The squared error: [n], in the units of the rows."""
        errors = (rows if isinstance(rows, np.ndarray) else rows.toarray()) - self.reconstruct(rows)
        scores: Floats = (errors.reshape(len(errors), -1).astype(np.float64) ** 2).sum(axis=1).astype(np.float32)
        return scores


class PCA:
    """As many principal components as the encoder's code has dimensions, or all there are if that is more.

    Removing the mean and the leading directions and then taking principal components is the same as taking the
    components behind the leading ones, since principal directions are orthogonal. Of a sparse table: truncated SVD
    (scikit-learn's), which takes the components about 0, since centring would make the table dense.

    Args:
        remove: leading directions to leave out (Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417).
        weighted: count the rows as training does, by `data`'s weights, rather than all alike.
        dimensions: components to keep instead of as many as the code has.
    """

    def __init__(
        self, remove: NonNegativeInt = 0, weighted: bool = False, dimensions: PositiveInt | None = None
    ) -> None:
        self.remove, self.weighted, self.dimensions = remove, weighted, dimensions

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        kept = self.dimensions or trained.model.latent_dim
        if splits.is_sparse:
            return self._truncated(name, splits, kept)
        # block by block, so that no second table is made; the directions are those of scikit-learn's PCA up to sign
        table = splits if self.weighted else replace(splits, weights=None)
        blocks = table.weighted_batches(splits.train)
        moments = Moments.of(
            splits.width, ((np.asarray(block).reshape(len(weights), -1), weights) for block, weights in blocks)
        )
        skipped = min(self.remove, splits.width - 1)
        _, directions = moments.principal()
        chosen = directions[:, skipped : skipped + kept]
        return _Components(name, moments.mean.astype(np.float32), chosen.astype(np.float32))

    def _truncated(self, name: str, splits: Splits, kept: int) -> Representation:
        from sklearn.decomposition import TruncatedSVD

        if splits.width * kept > _LARGEST_SPARSE:
            raise InputError(
                f"PCA of {splits.width:,} columns to {kept} dimensions does not fit in memory: leave the baseline out "
                f"with ~baselines.{name}, and out of the gates"
            )
        count = min(self.remove + kept, splits.width - 1, len(splits.train) - 1)
        svd = TruncatedSVD(count, random_state=0).fit(splits.take(splits.train))
        directions = svd.components_[self.remove :].T.astype(np.float32)
        return _Components(name, np.zeros(splits.width, np.float32), directions)
