"""The term that keeps each row's nearest neighbours, as UMAP does."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Unpack

import numpy as np
from keras import ops

from zoo.parts import Objective

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, NonNegativeFloat, PositiveFloat, PositiveInt

_SMALLEST = 1e-6  # squared distance below which codes count as equal: log and its gradient stay finite


class NeighbourPreserving(Objective):
    """UMAP's cross-entropy between the graph of nearest neighbours and the distances of the codes, on a batch.

    q(d) = 1 / (1 + a d^(2b)) is how likely codes at the distance d are taken for neighbours. For each row, -log q of
    its distance to its drawn neighbour, plus `negatives` times the mean of -log(1 - q) over the other rows' neighbours
    in the batch, which stand for rows that are none of its own. a and b follow from `min_dist` and `spread`.

    Args:
        weight: factor of the term in the loss.
        neighbours: nearest neighbours a row, by cosine; more see the coarse structure, fewer the fine.
        min_dist: distance up to which neighbours may lie together.
        spread: scale of the codes; the distance over which q falls.
        negatives: how much being no neighbour counts, in rows for each neighbour.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a negative weight or negatives, or min_dist above spread.

    Reference:
        McInnes, Healy and Melville 2018, "UMAP", definition 11 and section 4; Sainburg, McInnes and Gentner 2021,
        "Parametric UMAP embeddings for representation and semisupervised learning", eq. 2 and 3.
    """

    view = "neighbour"

    def __init__(
        self,
        weight: NonNegativeFloat = 1.0,
        neighbours: PositiveInt = 15,
        min_dist: NonNegativeFloat = 0.1,
        spread: PositiveFloat = 1.0,
        negatives: NonNegativeFloat = 5.0,
        **kwargs: Unpack[LayerArguments],
    ) -> None:
        super().__init__(**kwargs)
        if min(weight, negatives) < 0:
            raise ValueError(f"weight and negatives must not be negative: {weight, negatives}")
        if not 0 <= min_dist <= spread:
            raise ValueError(f"min_dist must lie between 0 and spread={spread}, not {min_dist}")
        self.weight, self.neighbours, self.min_dist = weight, neighbours, min_dist
        self.spread, self.negatives = spread, negatives
        self.a, self.b = curve(min_dist, spread)

    def call(self, target: Tensor, code: Tensor, view: Tensor | None = None) -> Tensor:
        """Codes of rows and of their neighbours [batch, latent_dim] -> [batch]; the targets play no part."""
        del target
        code, view = ops.cast(code, "float32"), ops.cast(view, "float32")
        near = self._log_odds(ops.sum(ops.square(code - view), axis=-1))
        squares = (
            ops.sum(ops.square(code), axis=-1, keepdims=True)
            + ops.sum(ops.square(view), axis=-1)
            - 2 * ops.matmul(code, ops.transpose(view))
        )
        count = ops.shape(code)[0]
        others = 1.0 - ops.eye(count)
        # -log q = softplus(odds), -log(1 - q) = softplus(-odds), the odds being log(a d^2b)
        apart = ops.softplus(-self._log_odds(squares)) * others
        mean = ops.sum(apart, axis=-1) / ops.maximum(ops.sum(others, axis=-1), 1.0)
        return self.weight * (ops.softplus(near) + self.negatives * mean)

    def _log_odds(self, squares: Tensor) -> Tensor:
        """log(a d^(2b)) of squared distances d^2."""
        return float(np.log(self.a)) + self.b * ops.log(ops.maximum(squares, 0.0) + _SMALLEST)


@cache
def curve(min_dist: float, spread: float) -> tuple[float, float]:
    """The a and b with which 1 / (1 + a d^(2b)) comes nearest to 1 up to min_dist and exp(-(d - min_dist) / spread)."""
    from scipy.optimize import curve_fit

    distances = np.linspace(0, spread * 3, 300)
    wanted = np.where(distances < min_dist, 1.0, np.exp(-(distances - min_dist) / spread))
    (a, b), _ = curve_fit(lambda d, a, b: 1 / (1 + a * d ** (2 * b)), distances, wanted)
    return float(a), float(b)
