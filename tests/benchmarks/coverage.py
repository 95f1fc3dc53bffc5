"""Do 95% intervals hold the true value in 95% of cases? Simulated, a thousand tables for each kind of metric.

    python -m tests.benchmarks coverage

The tables are drawn from distributions of which the true score is known, in closed form where there is one, or as the
mean of many other tables. A coverage of 93 to 97% is what a thousand tables can tell from 95%. With it, two equally
good encoders with independent noise of their own, and one that is clearly better: how often each is blessed.
"""

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import stats

from tests.benchmarks._coverage_of_tables import KINDS as OF_TABLES
from zoo.evaluate._resampling import Resampling
from zoo.metrics.anomaly_auroc import AnomalyAuroc
from zoo.metrics.average_precision import AveragePrecision
from zoo.metrics.calinski_harabasz import CalinskiHarabasz
from zoo.metrics.class_separation import ClassSeparation
from zoo.metrics.cluster_agreement import ClusterAgreement
from zoo.metrics.cosine_spread import CosineSpread
from zoo.metrics.davies_bouldin import DaviesBouldin
from zoo.metrics.effective_rank import EffectiveRank
from zoo.metrics.isotropy import Isotropy
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.metrics.negative_log_likelihood import NegativeLogLikelihood
from zoo.metrics.reconstruction_r2 import ReconstructionR2
from zoo.metrics.word_similarity import WordSimilarity

RUNS = int(os.environ.get("ZOO_COVERAGE_RUNS", "1000"))
RESAMPLES = 1000


@dataclass
class Rows:
    """A metric whose contributions are of the rows 0 to n - 1."""

    metric: object
    count: int

    def __post_init__(self):
        for name in ("statistic", "strata", "interval", "grows_with_rows", "is_of_so_many_rows"):
            if hasattr(self.metric, name):
                setattr(self, name, getattr(self.metric, name))

    def row_numbers(self, splits):
        return np.arange(self.count)


class Words(WordSimilarity):
    """Word pairs that are given."""

    def __init__(self, pairs):
        self.pairs = pairs

    def members(self, splits):
        return self.pairs


def interval(metric, values, units=None, difference_to=None):
    """Bounds of the 95% interval of a score, or of its paired difference to another's."""
    units = np.arange(len(values)) if units is None else units
    both = [values] if difference_to is None else [values, difference_to]
    samples, _ = Resampling(RESAMPLES, 0, None, units).samples(metric, both)
    sample = samples[0] if difference_to is None else samples[0] - samples[1]
    scores = [metric.statistic(each, np.ones((1, len(each))))[0] for each in both]
    score = scores[0] if difference_to is None else scores[0] - scores[1]
    low, high = np.quantile(sample, [0.025, 0.975])
    return min(low, score), max(high, score)  # as the judge gives it


def share(random, count=300):
    return interval(Rows(KnnAccuracy(), count), (random.random(count) < 0.8).astype(float)), 0.8


def share_in_groups(random, groups=80, size=5):
    chances = random.beta(4, 1, size=groups)
    values = (random.random((groups, size)) < chances[:, None]).astype(float).ravel()
    return interval(Rows(KnnAccuracy(), len(values)), values, np.repeat(np.arange(groups), size)), 0.8


def skewed_mean(random, count=1000):
    values = random.exponential(80, size=count)
    return interval(Rows(NegativeLogLikelihood(), count), values), 80.0


def pairs(random, noise, words=150, count=350):
    """Pairs of words with effects of their own: the two columns are normal with a known correlation."""
    numbers = np.asarray([random.choice(words, 2, replace=False) for _ in range(count)])
    effects = random.normal(size=words)[numbers].sum(axis=1)
    return numbers, [effects + level * random.normal(size=count) for level in noise]


def similarity(random):
    numbers, (codes, people) = pairs(random, (1.0, 1.0))
    return interval(Words(numbers), np.column_stack([codes, people])), 6 / np.pi * np.arcsin(2 / 3 / 2)


def difference_of_similarities(random):
    numbers, (one, other, people) = pairs(random, (1.0, 1.0, 1.0))
    first, second = np.column_stack([one, people]), np.column_stack([other, people])
    return interval(Words(numbers), first, difference_to=second), 0.0


def scored(random, normal, anomalies):
    labels = np.repeat([0.0, 1.0], [normal, anomalies])
    return np.column_stack([random.normal(size=len(labels)) + 1.5 * labels, labels])


def auroc(random):
    return interval(Rows(AnomalyAuroc(), 330), scored(random, 300, 30)), stats.norm.cdf(1.5 / np.sqrt(2))


def average_precision(random):
    return interval(Rows(AveragePrecision(), 480), scored(random, 400, 80)), PRECISION


def precision():
    thresholds = np.linspace(-8, 10, 200_001)
    recall, alarms = stats.norm.sf(thresholds - 1.5), stats.norm.sf(thresholds)
    share_right = 80 * recall / np.maximum(80 * recall + 400 * alarms, 1e-300)
    return float(-np.trapezoid(share_right, recall))


def r2(random, count=500):
    deviations = random.chisquare(5, size=count)
    values = np.column_stack([deviations * random.beta(2, 3, size=count), deviations])
    return interval(Rows(ReconstructionR2(), count), values), 1 - 0.4


def classes(random, each):
    labels = np.repeat(np.arange(4), each)
    codes = np.eye(4, 6)[labels] + 0.6 * random.normal(size=(len(labels), 6))
    return codes / np.linalg.norm(codes, axis=1, keepdims=True), labels


def separation(random, each=75):
    codes, labels = classes(random, each)
    return interval(
        Rows(ClassSeparation(), 4 * each), np.column_stack([codes, labels, np.arange(4 * each)])
    ), SEPARATION


def separated():
    codes, labels = classes(np.random.default_rng(1), 100_000)
    values = np.column_stack([codes, labels, np.arange(len(labels))])
    return float(ClassSeparation().statistic(values, np.ones((1, len(labels))))[0])


JOINT = 0.6 * np.eye(5) / 5 + 0.4 / 25  # of classes and clusters


def agreement(score, count):
    def simulated(random):
        cells = random.choice(25, size=count, p=JOINT.ravel())
        metric = ClusterAgreement(score, seeds=1)
        return interval(Rows(metric, count), np.column_stack(np.divmod(cells, 5))), AGREEMENTS[score]

    return simulated


def agreements():
    """Of the joint distribution itself; adjusting for chance changes nothing there."""
    information = (JOINT * np.log(JOINT * 25)).sum() / np.log(5)
    together, alone = (JOINT**2).sum(), (JOINT.sum(axis=1) ** 2).sum()
    return {"nmi": information, "ami": information, "ari": (together - alone**2) / (alone - alone**2)}


def clusters(random, count):
    numbers = random.integers(4, size=count)
    centres = np.asarray([[0, 0, 0], [3, 0, 0], [0, 4, 0], [2, 2, 3]], float)
    return np.column_stack([centres[numbers] + random.normal(size=(count, 3)), numbers])


def compactness(made, count=400):
    def simulated(random):
        metric = made(clusters=4, seeds=1)
        truth = COMPACTNESS[made] * ((count - 4) if made is CalinskiHarabasz else 1)
        return interval(Rows(metric, count), clusters(random, count)), truth

    return simulated


def compact():
    """Of very many rows; Calinski and Harabasz' index grows with their number, less 4."""
    values = clusters(np.random.default_rng(1), 400_000)
    found = {made: float(made(clusters=4, seeds=1).statistic(values, np.ones((1, len(values))))[0]) for made in INDICES}
    return {made: value / ((len(values) - 4) if made is CalinskiHarabasz else 1) for made, value in found.items()}


INDICES = (DaviesBouldin, CalinskiHarabasz)
VARIANCES = np.asarray([4, 3, 2, 1, 1, 0.5, 0.2, 0.1])


def code_spread(made, truth, variances, count=400):
    def simulated(random):
        codes = random.normal(size=(count, len(variances))) * np.sqrt(variances)
        if made.at_length_1:
            codes /= np.linalg.norm(codes, axis=1, keepdims=True)
        return interval(Rows(made(), count), np.column_stack([codes, np.full(count, len(variances))])), truth

    return simulated


def effective_rank(variances):
    shares = np.sqrt(variances) / np.sqrt(variances).sum()
    return np.exp(-(shares * np.log(shares)).sum())


def spread(variances):
    codes = np.random.default_rng(2).normal(size=(10_000, len(variances))) * np.sqrt(variances)
    codes /= np.linalg.norm(codes, axis=1, keepdims=True)
    return float(CosineSpread.measure(codes, len(variances), np.ones((1, 10_000)))[0])


def isotropy(variances):
    return (variances.sum() ** 2 / (variances**2).sum() - 1) / (len(variances) - 1)


PRECISION, SEPARATION, AGREEMENTS, COMPACTNESS = precision(), separated(), agreements(), compact()

KINDS = {
    "a share of 300 rows": share,
    "a share of 400 rows in 80 groups": share_in_groups,
    "a skewed mean of 1,000 rows": skewed_mean,
    "Spearman's rho of 350 pairs of 150 words": similarity,
    "the difference of two of them": difference_of_similarities,
    "AUROC, 30 anomalies in 330 rows": auroc,
    "average precision, 80 anomalies in 480 rows": average_precision,
    "R2 of 500 rows": r2,
    "class separation of 300 rows": separation,
    **{f"{score.upper()} of {n:,} rows": agreement(score, n) for score in ("ami", "nmi", "ari") for n in (330, 2000)},
    "Davies-Bouldin of 400 rows": compactness(DaviesBouldin),
    "Calinski-Harabasz of 400 rows": compactness(CalinskiHarabasz),
    "effective rank of 400 rows": code_spread(EffectiveRank, effective_rank(VARIANCES), VARIANCES),
    "IsoScore of 400 rows": code_spread(Isotropy, isotropy(VARIANCES), VARIANCES),
    "spread of cosines of 400 rows": code_spread(CosineSpread, spread(VARIANCES), VARIANCES),
    **OF_TABLES,
}


def coverage(simulated, runs):
    """Share of tables whose interval holds the true value."""
    inside = 0
    for run in range(runs):
        (low, high), truth = simulated(np.random.default_rng(run))
        inside += low <= truth <= high
    return inside / runs


def blessed(better, runs, rows=500):
    """Share of tables on which an encoder right with chance .8 + better is blessed against one of .8."""
    wins = 0
    for run in range(runs):
        random = np.random.default_rng(run)
        one, other = (random.random((2, rows)) < [[0.8 + better], [0.8]]).astype(float)
        wins += interval(Rows(KnnAccuracy(), rows), one, difference_to=other)[0] > 0
    return wins / runs


def main(path):
    """Simulates and writes the figures."""
    figures = {
        f"coverage of {name}": {"measured": f"{coverage(simulated, RUNS):.3f}", "wanted": ".93 to .97"}
        for name, simulated in KINDS.items()
    }
    figures["blessed, equally good"] = {"measured": f"{blessed(0.0, 200):.3f}", "wanted": "at most .05"}
    figures["blessed, .10 better"] = {"measured": f"{blessed(0.1, 200):.3f}", "wanted": "at least .95"}
    Path(path).write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
