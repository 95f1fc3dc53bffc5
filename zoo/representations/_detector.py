"""scikit-learn's detectors of outliers as opponents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Block, Floats, Rows, Splits

_READ = 8_192  # rows at a time


@dataclass(frozen=True)
class ScoredRows:
    """The rows themselves, and how odd each is."""

    name: str
    splits: Splits

    def encode(self, rows: Rows) -> Block:
        """The rows as they are."""
        return self.splits.kind.matrix(self.splits.take(rows))

    def on(self, splits: Splits) -> Self:
        """See `zoo.types.Representation`."""
        return replace(self, splits=splits)

    def score(self, rows: Rows) -> Floats:
        """[n], higher is odder."""
        blocks = [self.score_of_block(rows[start : start + _READ]) for start in range(0, len(rows), _READ)]
        return np.concatenate([*blocks, np.empty(0)]).astype(np.float32)

    def score_of_block(self, rows: Rows) -> Any:
        """[n] the scores of rows that fit into memory."""
        raise NotImplementedError


@dataclass(frozen=True)
class Detector(ScoredRows):
    """How odd a fitted detector of scikit-learn's finds rows."""

    fitted: Any

    def score_of_block(self, rows: Rows) -> Any:
        """[n] minus `score_samples`."""
        return -self.fitted.score_samples(self.encode(rows))


def some_training_rows(splits: Splits, most: int, seed: int) -> Rows:
    """The training rows, or so many of them drawn at random, in ascending order."""
    known = splits.train
    if len(known) <= most:
        return known
    drawn: Rows = np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
    return drawn


def fitted_detector(name: str, splits: Splits, detector: Any, most: int, seed: int) -> Detector:
    """A detector of scikit-learn's that knows the training rows, or some of them."""
    known = some_training_rows(splits, most, seed)
    return Detector(name, splits, detector.fit(splits.kind.matrix(splits.take(known))))
