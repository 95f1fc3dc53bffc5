"""Clusters of codes as the components of a mixture of Gaussians."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._vectors import narrow

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, Rows

MOST = 15  # components that BIC chooses among, from 1
_SHARE = 1e-3  # of the mean variance of a dimension, added to every variance of every component


def mixture_clusters(codes: Matrix, clusters: int | None, seed: int) -> Rows:
    """Most probable component [n] of each code [n, dimensions], each component with a covariance of its own.

    A covariance of fewer rows than dimensions is degenerate. So codes of more than n / (2 clusters) dimensions are
    reduced to as many principal components, and a thousandth of their mean variance is added to every variance. Codes
    that are all the same are one cluster.

    Args:
        codes: finite.
        clusters: how many components; None takes the number from 1 to 15 with the smallest BIC.
        seed: of the k-means that EM starts from.

    Reference:
        Schwarz 1978, "Estimating the dimension of a model" (BIC); Fraley and Raftery 2002, "Model-based clustering,
        discriminant analysis, and density estimation". Fitted by scikit-learn's `GaussianMixture`.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        rows = _reduced(narrow(codes), clusters or MOST)
        if rows is None:
            return np.zeros(codes.shape[0], np.int64)
        counts = range(1, MOST + 1) if clusters is None else [clusters]
        fitted = [GaussianMixture(count, reg_covar=_SHARE, random_state=seed).fit(rows) for count in counts]
        best = fitted[0] if len(fitted) == 1 else min(fitted, key=lambda mixture: float(mixture.bic(rows)))
        return np.asarray(best.predict(rows), np.int64)


def _reduced(codes: Doubles, clusters: int) -> Doubles | None:
    """Leading principal components [n, at most n / (2 clusters)] at a mean variance of 1; None without variance."""
    centred = codes - codes.mean(axis=0)
    variances, directions = np.linalg.eigh(centred.T @ centred / len(centred))
    if variances[-1] <= np.finfo(np.float64).eps * (codes**2).sum(axis=1).mean():
        return None
    most = max(len(codes) // (2 * clusters), 1)
    if centred.shape[1] > most:
        centred, variances = centred @ directions[:, -most:], variances[-most:]
    return centred / np.sqrt(variances.mean())
