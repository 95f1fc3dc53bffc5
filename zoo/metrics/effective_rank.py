"""How many dimensions codes really use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._code_spread import CodeSpread

if TYPE_CHECKING:
    from zoo.types import Doubles


class EffectiveRank(CodeSpread):
    """exp of the entropy of the singular values of the centred codes: from 1 to the number of dimensions.

    It describes: more dimensions in use are better only if what they hold is. Each resample is a decomposition, which
    takes seconds in all for codes of several hundred dimensions.

    Args:
        rows: held-out rows to look at most, the first ones. With few rows beside dimensions the score is low, as n rows
            span at most n - 1 directions: compare scores of equally many rows.

    Reference:
        Roy and Vetterli 2007, "The effective rank: a measure of effective dimensionality"; of codes: Garrido et al.
        2023, "RankMe" (there not centred).
    """

    unit = "effective dimensions"

    @staticmethod
    def measure(codes: Doubles, size: int, weights: Doubles) -> Doubles:
        """The effective rank; NaN for codes that are all the same."""
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        del size
        centred = codes - codes.mean(axis=0)  # so that differences of moments lose no digits
        with threadpool_limits(1):  # the matrices are so small that threads wait for each other
            return np.asarray([_effective_rank(centred, each / each.sum()) for each in weights])


def _effective_rank(codes: Doubles, shares: Doubles) -> float:
    mean = shares @ codes
    variances = np.linalg.eigvalsh((codes.T * shares) @ codes - np.outer(mean, mean))
    # those below are rounding, whose roots would count
    kept = variances[variances > variances[-1] * len(variances) * np.finfo(np.float64).eps]
    if not len(kept):
        return np.nan
    p = np.sqrt(kept) / np.sqrt(kept).sum()
    return float(np.exp(-(p * np.log(p)).sum()))
