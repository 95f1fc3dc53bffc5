"""The first columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.representations._rows_of_numbers import require_numbers

if TYPE_CHECKING:
    from zoo.types import Floats, PositiveInt, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _FirstColumns:
    name: str
    splits: Splits
    dimensions: int

    def encode(self, rows: Rows) -> Floats:
        return np.asarray(self.splits.take(rows)[:, : self.dimensions], np.float32)

    def on(self, splits: Splits) -> _FirstColumns:
        return replace(self, splits=splits)


class Truncation:
    """The first columns of rows of numbers, as many as the encoder's code has.

    It is what users of nested embeddings do, whose models are trained so that the first columns tell the most
    (Kusupati et al. 2022, "Matryoshka representation learning", arXiv 2205.13147); of others it shows how much is
    said more than once.

    Args:
        dimensions: columns to keep, instead of as many as the code has.
    """

    def __init__(self, dimensions: PositiveInt | None = None) -> None:
        self.dimensions = dimensions

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: rows of numbers only."""
        require_numbers(name, splits, "Truncation keeps the first columns of rows of numbers")

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        self.require(name, splits)
        return _FirstColumns(name, splits, self.dimensions or trained.model.latent_dim)
