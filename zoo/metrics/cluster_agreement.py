"""Whether the clusters among the codes are the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._clusters import clustered_rows, held_out_clusters
from zoo.metrics._labelled import class_numbers
from zoo.metrics._weighted import group_sums, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class ClusterAgreement:
    """Agreement of k-means clusters of the held-out codes with the labels, the mean over several seeds.

    The codes are used as they are, by Euclidean distance; each seed is the best of 10 starts. The intervals take the
    clusters as given: they are for other rows, not for other clusters. A resample that draws a row twice finds both
    in one cluster and one class, which raises its score a little.

    Args:
        score: `nmi`, mutual information over the mean of the two entropies, from 0 to 1; or `ari`, the share of
            pairs that both keep together or both keep apart, adjusted so that chance gives 0.
        clusters: how many; None takes as many as the held-out rows have classes.
        seeds: k-means runs, of the seeds from 0.
        rows: held-out rows to cluster at most, the first ones with a label.

    Raises:
        InputError: another score.

    Reference:
        Vinh, Epps and Bailey 2010 (NMI with the arithmetic mean); Hubert and Arabie 1985 (ARI). As scikit-learn's
        `normalized_mutual_info_score` and `adjusted_rand_score`.
    """

    interval = "jackknife"
    higher_is_better = True
    needs_labels = True

    def __init__(
        self,
        score: Literal["nmi", "ari"] = "nmi",
        clusters: PositiveInt | None = None,
        seeds: PositiveInt = 5,
        rows: PositiveInt = 2_000,
    ) -> None:
        if score not in _SCORES:
            raise InputError(f"ClusterAgreement has no score {score!r}; {suggestion(score, _SCORES)}")
        self.score, self.clusters, self.seeds, self.rows = score, clusters, seeds, rows
        self.unit = score.upper()

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 1 + seeds]: class, cluster by seed; None without labels, or without more rows than clusters."""
        classes = class_numbers(splits)
        if classes is None:
            return None
        found = held_out_clusters(representation, splits, self.clusters, self.seeds, self.rows)
        if found is None:
            return None
        taken, _, numbers = found
        return np.column_stack([classes[taken], numbers])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return clustered_rows(splits, self.clusters, self.rows)[0]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the seeds."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        classes, *clusterings = (np.unique(column, return_inverse=True)[1] for column in values.T)
        return np.mean([_SCORES[self.score](classes, clusters, weights) for clusters in clusterings], axis=0)


def _nmi(classes: Rows, clusters: Rows, weights: Doubles) -> Doubles:
    shares = weights / weights.sum(axis=1, keepdims=True)
    own, other = (_entropy(group_sums(each, shares)) for each in (classes, clusters))
    both = _entropy(group_sums(_cells(classes, clusters), shares))
    average = (own + other) / 2
    # two partitions without information are the same one
    return np.where(average > 0, np.maximum(own + other - both, 0) / np.where(average > 0, average, 1), 1.0)


def _ari(classes: Rows, clusters: Rows, weights: Doubles) -> Doubles:
    own, other, both = (_pairs(group_sums(each, weights)) for each in (classes, clusters, _cells(classes, clusters)))
    everything = _pairs(weights.sum(axis=1, keepdims=True))
    expected, most = own * other / np.maximum(everything, 1), (own + other) / 2
    return np.where(most > expected, (both - expected) / np.where(most > expected, most - expected, 1), 1.0)


_SCORES = {"nmi": _nmi, "ari": _ari}


def _cells(classes: Rows, clusters: Rows) -> Rows:
    """Cells [n] of the contingency table that rows fall in; only those that occur need any memory."""
    return classes * (clusters.max() + 1) + clusters


def _entropy(shares: Doubles) -> Doubles:
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)


def _pairs(counts: Doubles) -> Doubles:
    return (counts * (counts - 1) / 2).sum(axis=1)
