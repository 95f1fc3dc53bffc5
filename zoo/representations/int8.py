"""Numbers rounded to bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quantization import LARGEST, scale_of

if TYPE_CHECKING:
    from zoo.types import Baseline, Floats, Representation, Rows, Splits, Trained

_CALIBRATED = 65_536  # rows at most


@dataclass(frozen=True)
class _Rounded:
    name: str
    source: Representation
    step: float

    def encode(self, rows: Rows) -> Floats:
        codes = np.asarray(self.source.encode(rows), np.float32)
        return np.clip(np.round(codes / self.step), -LARGEST, LARGEST).astype(np.float32) * np.float32(self.step)

    def encode_queries(self, rows: Rows) -> Any:
        return self.source.encode(rows)

    def bytes_per_row(self) -> int:
        return int(self.source.encode(np.arange(1)).shape[1])

    def on(self, splits: Splits) -> _Rounded:
        return replace(self, source=self.source.on(splits))


class Int8:
    """Another opponent with its numbers rounded to int8, with one step for all dimensions: a quarter of the bytes.

    Args:
        of: the opponent, such as `{_target_: zoo.representations.PCA, dimensions: 64}`.
    """

    def __init__(self, of: Baseline) -> None:
        self.of = of

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: what the opponent requires."""
        if hasattr(self.of, "require"):
            self.of.require(name, splits)

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; training rows set the step."""
        source = self.of.fit(name, splits, trained)
        return _Rounded(name, source, scale_of(np.asarray(source.encode(splits.train[:_CALIBRATED]), np.float32)))
