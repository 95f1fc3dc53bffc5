"""How far the cosines of codes spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._code_spread import CodeSpread, squared_products
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles

_ROUNDING = 1e-14  # of a variance of cosines


class CosineSpread(CodeSpread):
    """Standard deviation of the cosines between held-out codes, over all pairs; 0 if all are alike.

    Codes in a narrow cone (a common direction in all of them) have cosines that hardly differ, and a threshold on the
    cosine tells nothing there. It describes: random codes of few dimensions spread widely and mean nothing.

    Args:
        rows: held-out rows to look at most, the first ones.

    Reference:
        Ethayarajh 2019, "How contextual are contextualized word representations?" (the mean of the same cosines).
    """

    unit = "cosine"
    at_length_1 = True

    @staticmethod
    def measure(codes: Doubles, size: int, weights: Doubles) -> Doubles:
        """The standard deviation over pairs of different rows, or of copies of one."""
        del size
        lengths, total = (codes**2).sum(axis=1), weights.sum(axis=1)
        pairs = total * (total - 1)
        mean = ratio(((weights @ codes) ** 2).sum(axis=1) - weights @ lengths, pairs)
        square = ratio(squared_products(codes, weights) - weights @ lengths**2, pairs)
        variance = square - mean**2
        return np.sqrt(np.where(variance > _ROUNDING, variance, 0 * variance))
