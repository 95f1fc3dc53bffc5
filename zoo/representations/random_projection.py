"""Random directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.representations._linear import Linear

if TYPE_CHECKING:
    from zoo.types import PositiveInt, Representation, Seed, Splits, Trained


class RandomProjection:
    """Rows times a matrix of Gaussian noise: scikit-learn's `GaussianRandomProjection`.

    It keeps distances, the better the more dimensions there are (Johnson and Lindenstrauss 1984), and looks at no row:
    what does not beat it has found nothing in the data.

    Args:
        dimensions: instead of as many as the encoder's code has.
        seed: of the noise.
    """

    def __init__(self, dimensions: PositiveInt | None = None, seed: Seed = 0) -> None:
        self.dimensions, self.seed = dimensions, seed

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        from scipy.sparse import csr_array
        from sklearn.random_projection import GaussianRandomProjection

        kept = self.dimensions or trained.model.latent_dim
        drawn = GaussianRandomProjection(kept, random_state=self.seed)
        drawn.fit(csr_array((1, splits.width)))  # asks for no more than the width
        return Linear(name, splits, np.zeros(splits.width, np.float32), drawn.components_.T.astype(np.float32))
