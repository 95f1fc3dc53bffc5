"""Principal components, of the rows or of what is left of them without their dominant directions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Floats, NonNegativeInt, Representation, Rows, Splits, Trained

# PCA of a table this long no longer changes in the digits that are reported.
_MOST_ROWS = 200_000


@dataclass(frozen=True)
class _Components:
    name: str
    pca: Any
    skipped: int

    def encode(self, rows: Floats) -> Floats:
        scores: Floats = self.pca.transform(rows)[:, self.skipped :]
        return scores

    def reconstruct(self, rows: Floats) -> Floats:
        codes = self.encode(rows)
        scores = np.concatenate([np.zeros((len(rows), self.skipped), codes.dtype), codes], axis=1)
        reconstructed: Floats = self.pca.inverse_transform(scores)
        return reconstructed

    def rates(self, rows: Floats) -> None:
        del rows


class PCA:
    """As many principal components as the encoder's code has dimensions, or all there are if that is more.

    Removing the mean and the leading directions and then taking principal components is the same as taking the
    components behind the leading ones, since principal directions are orthogonal.

    Args:
        remove: leading directions to leave out (Mu and Viswanath 2018, "All-but-the-top", arXiv 1702.01417).
    """

    def __init__(self, remove: NonNegativeInt = 0) -> None:
        self.remove = remove

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        from sklearn.decomposition import PCA as SklearnPCA  # noqa: N811  it is the class' own name

        rows: Rows = splits.train
        if len(rows) > _MOST_ROWS:
            rows = np.sort(np.random.default_rng(0).choice(rows, _MOST_ROWS, replace=False))
        components = min(trained.model.latent_dim + self.remove, splits.width, len(rows))
        pca = SklearnPCA(components, svd_solver="covariance_eigh" if splits.width < len(rows) else "full")
        pca.fit(splits.features[rows])
        return _Components(name, pca, min(self.remove, components - 1))
