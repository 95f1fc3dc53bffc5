"""Principal components, of the rows or of what is left of them without their dominant directions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.moments import Moments

if TYPE_CHECKING:
    from zoo.types import Floats, NonNegativeInt, Representation, Splits, Trained


@dataclass(frozen=True)
class _Components:
    name: str
    mean: Floats
    directions: Floats

    def encode(self, rows: Floats) -> Floats:
        return ((rows - self.mean) @ self.directions).astype(np.float32)

    def reconstruct(self, rows: Floats) -> Floats:
        return (self.encode(rows) @ self.directions.T + self.mean).astype(np.float32)

    def rates(self, rows: Floats) -> None:
        del rows


class PCA:
    """As many principal components as the encoder's code has dimensions, or all there are if that is more.

    Removing the mean and the leading directions and then taking principal components is the same as taking the
    components behind the leading ones, since principal directions are orthogonal.

    Args:
        remove: leading directions to leave out (Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417).
        weighted: count the rows as training does, by `data`'s weights, rather than all alike.
    """

    def __init__(self, remove: NonNegativeInt = 0, weighted: bool = False) -> None:
        self.remove, self.weighted = remove, weighted

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        # block by block, so that no second table is made; the directions are those of scikit-learn's PCA up to sign
        table = splits if self.weighted else replace(splits, weights=None)
        moments = Moments.of(splits.width, table.weighted_batches(splits.train))
        skipped = min(self.remove, splits.width - 1)
        _, directions = moments.principal()
        kept = directions[:, skipped : skipped + trained.model.latent_dim]
        return _Components(name, moments.mean.astype(np.float32), kept.astype(np.float32))
