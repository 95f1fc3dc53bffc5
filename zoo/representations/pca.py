"""Principal components, of the rows or of what is left of them without their dominant directions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.moments import Moments
from zoo.representations._components import Components, require_components, scoring_size, whitening_scales
from zoo.representations.truncated_svd import TruncatedSVD

if TYPE_CHECKING:
    from zoo.types import (
        NonNegativeFloat,
        NonNegativeInt,
        PositiveInt,
        Representation,
        Splits,
        Trained,
        UnitInterval,
    )


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
        whiten: each component is divided by its deviation to this power: 0 leaves it, 1 makes all alike (scikit-learn's
            `whiten=True`), 0.5 is halfway; cosines then hang less on the leading components. Reconstructions and scores
            stay what they were.
        rank_power: count the row of rank r (the table's first has rank 1) r^-rank_power, whatever the data's weights:
            for tables in order of frequency, in which 1 counts words about as often as texts have them. None leaves it
            to `weighted`.
        centre: take the components about the mean; False takes them about 0, as truncated SVD does, which keeps more of
            the inner products and cosines of embeddings.

    Raises:
        ValueError: two ways of counting rows at once.
    """

    def __init__(
        self,
        remove: NonNegativeInt = 0,
        weighted: bool = False,
        dimensions: PositiveInt | None = None,
        whiten: UnitInterval = 0.0,
        rank_power: NonNegativeFloat | None = None,
        centre: bool = True,
    ) -> None:
        self.remove, self.weighted, self.dimensions = remove, weighted, dimensions
        self.whiten, self.rank_power, self.centre = whiten, rank_power, centre
        if weighted and rank_power is not None:
            raise ValueError("weighted=true counts rows by the data's weights, rank_power by their rank; give one")

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: enough columns, and no way of counting rows that is not for sparse ones."""
        if splits.is_sparse:
            counted = {"weighted": self.weighted and splits.weights is not None, "rank_power": bool(self.rank_power)}
            for option in (option for option, given in counted.items() if given):
                raise InputError(
                    f"baselines.{name}.{option}: components of sparse rows count all rows alike, and the data are "
                    f"{splits.kind.in_words()}; leave {option} out"
                )
        if self.rank_power is not None and splits.stream is not None:
            raise InputError(
                f"baselines.{name}.rank_power: rows that are streamed have no ranks; leave it out, or hold the table "
                "in memory with data.stream=false"
            )
        require_components(name, splits, self.remove, self.dimensions)

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        self.require(name, splits)
        kept = self.dimensions or trained.model.latent_dim
        if splits.is_sparse:
            return TruncatedSVD(self.remove, self.dimensions, self.whiten).fit(name, splits, trained)
        # block by block, so that no second table is made; the directions are those of scikit-learn's PCA up to sign
        blocks = self._counted(splits).training_batches()
        moments = Moments.of(
            splits.width, ((np.asarray(block).reshape(len(weights), -1), weights) for block, weights in blocks)
        )
        variances, directions = moments.principal(about_mean=self.centre)
        chosen = slice(self.remove, self.remove + kept)
        return Components(
            name,
            splits,
            (moments.mean if self.centre else np.zeros_like(moments.mean)).astype(np.float32),
            directions[:, chosen].astype(np.float32),
            scoring_size(len(variances[chosen]), splits.width, self.dimensions),
            whitening_scales(variances[chosen], self.whiten),
        )

    def _counted(self, splits: Splits) -> Splits:
        """The table whose weights are what rows are to count."""
        if self.rank_power is not None:
            ranks = np.arange(1, len(splits) + 1, dtype=np.float64)
            return replace(splits, weights=(ranks**-self.rank_power).astype(np.float32))
        return splits if self.weighted else replace(splits, weights=None)
