"""How far rows are from the mean, for how the training rows spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.moments import Moments
from zoo.representations._linear import Linear

if TYPE_CHECKING:
    from zoo.types import Doubles, Floats, Representation, Rows, Splits, Trained, UnitInterval

_READ = 2_048  # rows at a time


@dataclass(frozen=True)
class _Whitened(Linear):
    """Rows whose squared length is their squared Mahalanobis distance from the mean."""

    def score(self, rows: Rows) -> Floats:
        """[n] squared distances; without units."""
        blocks = [self.encode(rows[start : start + _READ]) for start in range(0, len(rows), _READ)]
        return np.concatenate([*((block.astype(np.float64) ** 2).sum(axis=1) for block in blocks), np.empty(0)]).astype(
            np.float32
        )


class Mahalanobis:
    """The squared Mahalanobis distance of a row from the mean, which tells anomalies; its vectors are whitened rows.

    With a covariance shrunk towards a multiple of the identity, so that a column more than there are rows, or one that
    follows from others, does no harm: covariance = (1 - s) sample covariance + s mean variance.

    Args:
        shrinkage: s, from 0 to 1; None takes the one that Ledoit and Wolf expect the least error of.

    Reference:
        Ledoit and Wolf 2004, "A well-conditioned estimator for large-dimensional covariance matrices".
    """

    def __init__(self, shrinkage: UnitInterval | None = None) -> None:
        self.shrinkage = shrinkage

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: dense rows only."""
        if splits.is_sparse:
            raise InputError(
                f"baselines.{name}: Mahalanobis needs the covariance of all pairs of columns, and the data are "
                f"{splits.kind.in_words()}; take baselines.{name}._target_=zoo.representations.KnnDistance"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        del trained
        self.require(name, splits)
        blocks = (np.asarray(block).reshape(len(block), -1) for block, _ in splits.training_batches())
        moments = Moments.of(splits.width, ((block, np.ones(len(block), np.float32)) for block in blocks))
        covariance, mean = moments.covariance(), moments.mean
        shrinkage = _expected_best(splits, mean, covariance) if self.shrinkage is None else self.shrinkage
        variances, axes = np.linalg.eigh(covariance)
        shrunk = (1 - shrinkage) * np.maximum(variances, 0) + shrinkage * variances.mean()
        kept = shrunk > shrunk.max(initial=0) * np.finfo(np.float32).eps  # no distance where nothing spreads
        directions = axes[:, kept] / np.sqrt(shrunk[kept])
        if not kept.any():  # all rows alike: every other row is as far away as another is
            directions = np.eye(splits.width)
        return _Whitened(name, splits, mean.astype(np.float32), directions.astype(np.float32))


def _expected_best(splits: Splits, mean: Doubles, covariance: Doubles) -> float:
    """Ledoit and Wolf's shrinkage, in one more pass over the training rows, without a copy of them."""
    width, count = len(mean), splits.training_rows
    lengths = 0.0
    for block, _ in splits.training_batches():
        centred = np.asarray(block).reshape(len(block), -1).astype(np.float64) - mean
        lengths += float((np.einsum("ij,ij->i", centred, centred) ** 2).sum())
    squares = float((covariance**2).sum())
    error = (lengths / count - squares) / (width * count)
    spread = (squares - np.trace(covariance) ** 2 / width) / width
    return float(min(error, spread) / spread) if spread > 0 else 0.0
