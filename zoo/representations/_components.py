"""Rows along some directions: what principal components and their like come to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from typing import Self

    from zoo.types import Doubles, Floats, Rows, Splits

_NOTHING = 1e-6  # of the largest deviation: a component below it is rounding, which whitening would blow up
_READ = 2_048  # rows at a time


def scoring_size(kept: int, width: int, asked: int | None) -> int:
    """How many components to score rows by: as many as were asked for, else those kept, a quarter of `width` at most.

    With nearly all of them an anomaly is reconstructed as well as any other row, and nothing is left to score it by.
    """
    return kept if asked else min(kept, max(width // 4, 1))


def require_components(name: str, splits: Splits, remove: int, dimensions: int | None) -> None:
    """Raises InputError if so many components, beside those that are left out, are more than the table has."""
    most = min(splits.width, len(splits.train)) if splits.is_sparse else splits.width
    if remove + (dimensions or 1) <= most:
        return
    asked = f"dimensions={dimensions}" + (f" behind remove={remove}" if remove else "") if dimensions else ""
    raise InputError(
        f"baselines.{name}: {asked or f'remove={remove}'} needs {remove + (dimensions or 1)} components, and "
        f"{splits.kind.in_words()} have {most} of them (the table has {len(splits.train):,} training rows); set fewer, "
        f"or leave it out with ~baselines.{name}"
    )


def whitening_scales(variances: Doubles, whiten: float) -> Floats:
    """What to divide components by, [n] from their variances [n]: their deviations to the power `whiten`."""
    deviations = np.sqrt(np.maximum(variances, 0))
    tiny = deviations <= _NOTHING * deviations.max(initial=0)
    scales: Floats = np.where(tiny, 1.0, deviations).astype(np.float32) ** np.float32(whiten)
    return scales


@dataclass(frozen=True)
class Components:
    """Coordinates of a table's rows along orthonormal directions.

    Attributes:
        name: as the recipe calls them.
        splits: the table.
        mean: [width] what rows are taken about.
        directions: [width, dimensions], the leading ones first.
        scoring: how many of them rows are scored by.
        scales: [dimensions] what the coordinates are divided by.
        columns: [width] what the columns are multiplied with before; None for 1.
    """

    name: str
    splits: Splits
    mean: Floats
    directions: Floats
    scoring: int
    scales: Floats
    columns: Floats | None = None

    @cached_property
    def _encoding(self) -> Floats:
        weighted = self.directions if self.columns is None else self.directions * self.columns[:, None]
        return weighted / self.scales

    def encode(self, rows: Rows) -> Floats:
        """See `zoo.types.Representation`."""
        return self.splits.kind.projected(self.splits.take(rows), self.mean, self._encoding)

    def on(self, splits: Splits) -> Self:
        """See `zoo.types.Representation`."""
        return replace(self, splits=splits)

    def reconstruct(self, rows: Rows) -> Floats:
        """See `zoo.types.Reconstructs`."""
        flat = self._decoded(self.encode(rows)) + self.mean
        return flat.reshape(len(rows), *self.splits.shape)

    def score(self, rows: Rows) -> Floats:
        """The squared error with the leading `scoring` directions: [n], in the units of the rows."""
        scores = [self._squared_errors(rows[start : start + _READ]) for start in range(0, len(rows), _READ)]
        return np.concatenate([*scores, np.empty(0, np.float32)])

    def _squared_errors(self, rows: Rows) -> Floats:
        block = self.splits.kind.dense(self.splits.take(rows)).reshape(len(rows), -1)
        centred = block - self.mean
        errors = centred - self._decoded(np.asarray(centred @ self._encoding[:, : self.scoring], np.float32))
        return (errors.astype(np.float64) ** 2).sum(axis=1).astype(np.float32)

    def _decoded(self, codes: Floats) -> Floats:
        """What leading components [n, <= dimensions] stand for, about the mean: [n, width] float32."""
        count = codes.shape[1]
        flat = (codes * self.scales[:count]) @ self.directions[:, :count].T
        return (flat if self.columns is None else flat / self.columns).astype(np.float32)
