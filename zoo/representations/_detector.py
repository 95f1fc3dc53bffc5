"""scikit-learn's detectors of outliers as opponents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Block, Floats, Rows, Splits

_READ = 8_192  # rows at a time


@dataclass(frozen=True)
class Detector:
    """The rows themselves, and how odd a fitted detector finds them."""

    name: str
    splits: Splits
    fitted: Any

    def encode(self, rows: Rows) -> Block:
        """The rows as they are."""
        return self.splits.kind.matrix(self.splits.take(rows))

    def on(self, splits: Splits) -> Detector:
        """See `zoo.types.Representation`."""
        return replace(self, splits=splits)

    def score(self, rows: Rows) -> Floats:
        """[n] minus scikit-learn's `score_samples`: higher is odder."""
        blocks = [
            -self.fitted.score_samples(self.encode(rows[start : start + _READ])) for start in range(0, len(rows), _READ)
        ]
        return np.concatenate([*blocks, np.empty(0)]).astype(np.float32)


def fitted_detector(name: str, splits: Splits, detector: Any, most: int, seed: int) -> Detector:
    """A detector of scikit-learn's that knows the training rows, or some of them drawn at random."""
    known = splits.train
    if len(known) > most:
        known = np.sort(np.random.default_rng(seed).choice(known, most, replace=False))
    return Detector(name, splits, detector.fit(splits.kind.matrix(splits.take(known))))
