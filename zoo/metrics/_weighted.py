"""Sums over groups of contributions, for many resamples at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Doubles, Rows


def undefined(values: Doubles, weights: Doubles) -> Doubles | None:
    """NaN [resamples] if some contribution is not finite, so that no gate passes on it; None if all are."""
    return None if np.isfinite(values).all() else np.full(len(weights), np.nan)


def mean(values: Doubles, weights: Doubles) -> Doubles:
    """Means [resamples] of contributions [n]."""
    return weights @ values / weights.sum(axis=1)


def ratio(numerator: Doubles, denominator: Doubles) -> Doubles:
    """Their quotient; NaN where the denominator is not positive."""
    return numerator / np.where(denominator > 0, denominator, np.nan)


def group_sums(groups: Rows, weights: Doubles) -> Doubles:
    """Weights [resamples, n] summed by group [n]: [resamples, groups], the groups in ascending order."""
    order = np.argsort(groups, kind="stable")
    starts = np.flatnonzero(np.diff(groups[order], prepend=groups[order[0]] - 1))
    return np.add.reduceat(weights[:, order], starts, axis=1)


def spearman(values: Doubles, weights: Doubles) -> Doubles:
    """Spearman's rho [resamples] of the two columns of [n, 2], equal values sharing their mean rank.

    NaN where one column is constant.
    """
    first, second = (weighted_ranks(column, weights) for column in values.T)
    total = weights.sum(axis=1, keepdims=True)
    first -= (weights * first).sum(axis=1, keepdims=True) / total
    second -= (weights * second).sum(axis=1, keepdims=True) / total
    covariance, *variances = (
        (weights * left * right).sum(axis=1) for left, right in ((first, second), (first, first), (second, second))
    )
    spread = np.sqrt(variances[0] * variances[1])
    return covariance / np.where(spread > 0, spread, np.nan)


def weighted_ranks(column: Doubles, weights: Doubles) -> Doubles:
    """Mean ranks [resamples, n] of a column [n] in which value i occurs weights[:, i] times (ties share their mean)."""
    _, groups = np.unique(column, return_inverse=True)
    counts = group_sums(groups, weights)
    ranks: Doubles = (np.cumsum(counts, axis=1) - counts + (counts + 1) / 2)[:, groups]
    return ranks
