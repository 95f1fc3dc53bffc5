"""Why a representation has no value of a metric, in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Metric, Representation, Score, Splits

_LOOKED_AT = 1_000  # held-out rows, to see what is wrong with codes
_SAME = 1e-6  # of their largest number: what float32 leaves of equal codes


def why_without_value(metric: Metric, representation: Representation, splits: Splits, score: Score | None) -> str:
    """One sentence without a full stop; "" where there is a value."""
    if score is None:
        return _inapplicable(metric, splits)
    if math.isfinite(score.value):
        return ""
    return _fault_of_codes(representation, splits) or "it is not defined for these rows and codes"


def _inapplicable(metric: Metric, splits: Splits) -> str:
    if not len(splits.test):
        return "no row is held out"
    if splits.labels is None and getattr(metric, "needs_labels", False):
        return "the table has no labels"
    lacking: str = metric.shortage(splits) if hasattr(metric, "shortage") else ""
    return lacking or "it does not apply to such codes, or to such rows"


def _fault_of_codes(representation: Representation, splits: Splits) -> str:
    codes = representation.encode(splits.test[:_LOOKED_AT])
    numbers = codes if isinstance(codes, np.ndarray) else codes.data
    if not np.isfinite(numbers).all():
        return "its codes are not finite numbers"
    if not isinstance(codes, np.ndarray) or len(codes) < 2:
        return ""
    spread = np.abs(codes - codes[:1]).max(initial=0)
    return "its codes are all the same" if spread <= _SAME * np.abs(codes).max(initial=0) else ""
