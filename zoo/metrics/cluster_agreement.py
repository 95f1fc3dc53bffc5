"""Whether the clusters among the codes are the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._clusters import Clustering
from zoo.metrics._labelled import class_numbers
from zoo.metrics._weighted import group_sums, undefined

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_ROUNDING = 1e-12  # of an information, in nats


class ClusterAgreement:
    """Agreement of clusters of the held-out codes with the labels, the mean over several seeds.

    The codes are used as they are. The intervals take the clusters as given: they are for other rows, not for other
    clusters.

    AMI can be gated on: clusters at random are worth 0 whatever their number. NMI rises with the number of clusters and
    falls with that of rows (330 rows in 7 clusters at random have about .03), and ARI counts pairs, so that large
    classes decide it: both describe.

    Args:
        score: `ami`, mutual information over the mean of the two entropies, both less what clusters of the same sizes
            at random would have; `nmi`, without that adjustment, from 0 to 1; or `ari`, the share of pairs that both
            keep together or both keep apart, adjusted so that chance gives 0.
        clusters: how many; None takes as many as the held-out rows have classes, `bic` lets a mixture choose.
        seeds: runs, of the seeds from 0, each of k-means the best of 10 starts.
        rows: held-out rows to cluster at most, the first ones with a label.
        clusterer: `kmeans`, by Euclidean distance; or `gaussian_mixture`, with a full covariance for each cluster, of
            the codes' leading principal components where they have more than rows / (2 clusters) dimensions.

    Raises:
        InputError: another score or clusterer, or `bic` with k-means.

    Reference:
        Vinh, Epps and Bailey 2010, "Information theoretic measures for clusterings comparison" (AMI, NMI with the
        arithmetic mean); Hubert and Arabie 1985 (ARI). As scikit-learn's `adjusted_mutual_info_score`,
        `normalized_mutual_info_score` and `adjusted_rand_score`.
    """

    interval = "jackknife"
    limits = (-1.0, 1.0)
    needs_labels = True

    def __init__(
        self,
        score: Literal["ami", "nmi", "ari"] = "ami",
        clusters: PositiveInt | Literal["bic"] | None = None,
        seeds: PositiveInt = 5,
        rows: PositiveInt = 2_000,
        clusterer: Literal["kmeans", "gaussian_mixture"] = "kmeans",
    ) -> None:
        if score not in _SCORES:
            raise InputError(f"ClusterAgreement has no score {score!r}; {suggestion(score, _SCORES)}")
        self.score = score
        self.clusters, self.seeds, self.rows, self.clusterer = clusters, seeds, rows, clusterer
        self.clustering = Clustering(clusterer, clusters, seeds, rows)
        self.unit = score.upper()
        self.higher_is_better = True if score == "ami" else None

    def shortage(self, splits: Splits) -> str:
        """Too few rows or classes; "" where there are no labels at all."""
        return "" if class_numbers(splits) is None else self.clustering.shortage(splits)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 1 + seeds]: class, cluster by seed; None without labels, or without more rows than clusters."""
        classes = class_numbers(splits)
        if classes is None:
            return None
        found = self.clustering.of(representation, splits)
        if found is None:
            return None
        taken, _, numbers = found
        return np.column_stack([classes[taken], numbers])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return self.clustering.row_numbers(splits)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the seeds."""
        nothing = undefined(values, weights)
        if nothing is not None:
            return nothing
        classes, *clusterings = (np.unique(column, return_inverse=True)[1] for column in values.T)
        return np.mean([_SCORES[self.score](classes, clusters, weights) for clusters in clusterings], axis=0)


def _ami(classes: Rows, clusters: Rows, weights: Doubles) -> Doubles:
    shared, average = _information(classes, clusters, weights)
    sizes = zip(group_sums(classes, weights), group_sums(clusters, weights), strict=True)
    chance = np.asarray([_expected_information(*each) for each in sizes])
    most = average - chance
    # two partitions without information are the same one, and so are two of rows that are all alone
    return np.where(most > _ROUNDING, (shared - chance) / np.where(most > _ROUNDING, most, 1), 1.0)


def _nmi(classes: Rows, clusters: Rows, weights: Doubles) -> Doubles:
    shared, average = _information(classes, clusters, weights)
    return np.where(average > 0, np.maximum(shared, 0) / np.where(average > 0, average, 1), 1.0)


def _information(classes: Rows, clusters: Rows, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Mutual information, and the mean of the two entropies: [resamples] each, in nats."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    own, other = (_entropy(group_sums(each, shares)) for each in (classes, clusters))
    both = _entropy(group_sums(_cells(classes, clusters), shares))
    return own + other - both, (own + other) / 2


def _expected_information(classes: Doubles, clusters: Doubles) -> float:
    """Mutual information in nats of partitions into parts of the given sizes, at random (Vinh et al. 2010, eq. 24a)."""
    from scipy.special import gammaln

    total = classes.sum()
    (own, owners), (other, others) = (np.unique(each[each > 0], return_counts=True) for each in (classes, clusters))
    a, b = (each.ravel()[:, None] for each in np.meshgrid(own, other, indexing="ij"))  # pairs of sizes
    shared = np.arange(1, min(own[-1], other[-1]) + 1)  # rows that two parts have in common
    left = total - a - b + shared  # rows in neither
    possible = (shared <= np.minimum(a, b)) & (left >= 0)
    logs = [
        gammaln(np.maximum(each, 0) + 1) for each in (a, b, total - a, total - b, shared, a - shared, b - shared, left)
    ]
    chances = np.exp(sum(logs[:4]) - sum(logs[4:]) - gammaln(total + 1))
    terms = shared / total * np.log(total * shared / (a * b)) * chances
    sums = np.where(possible, terms, 0).sum(axis=1).reshape(len(own), len(other))
    return float(owners @ sums @ others)


def _ari(classes: Rows, clusters: Rows, weights: Doubles) -> Doubles:
    own, other, both = (_pairs(group_sums(each, weights)) for each in (classes, clusters, _cells(classes, clusters)))
    everything = _pairs(weights.sum(axis=1, keepdims=True))
    expected, most = own * other / np.maximum(everything, 1), (own + other) / 2
    return np.where(most > expected, (both - expected) / np.where(most > expected, most - expected, 1), 1.0)


_SCORES = {"ami": _ami, "nmi": _nmi, "ari": _ari}


def _cells(classes: Rows, clusters: Rows) -> Rows:
    """Cells [n] of the contingency table that rows fall in; only those that occur need any memory."""
    return classes * (clusters.max() + 1) + clusters


def _entropy(shares: Doubles) -> Doubles:
    return -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=1)


def _pairs(counts: Doubles) -> Doubles:
    return (counts * (counts - 1) / 2).sum(axis=1)
