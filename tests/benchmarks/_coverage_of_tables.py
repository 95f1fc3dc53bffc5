"""Metrics of whole tables, for `coverage`: their true value is the mean score of many other tables."""

import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from zoo.evaluate._resampling import Resampling
from zoo.evaluate._units import resampling_units
from zoo.metrics.analogies import Analogies
from zoo.metrics.distance_correlation import DistanceCorrelation
from zoo.metrics.invariance import Invariance
from zoo.metrics.match_recall import MatchRecall
from zoo.metrics.pair_auroc import PairAuroc
from zoo.metrics.query_retrieval import QueryRetrieval
from zoo.metrics.retrieval_precision import RetrievalPrecision
from zoo.metrics.silhouette import Silhouette
from zoo.metrics.trustworthiness import Trustworthiness
from zoo.types import Splits

OTHERS = 200  # tables whose mean score is taken to be true
TRAIN, TEST, CLASSES, WIDTH = 50, 200, 4, 6
QUERIES, GROUPS, FORMS = 60, 40, 4
FOLDER = tempfile.TemporaryDirectory()  # removed when the process ends


class Half:
    """The first half of a table's columns, as codes."""

    name = "half"

    def __init__(self, splits):
        self.splits = splits

    def encode(self, rows):
        return self.splits.features[rows, : self.splits.width // 2]

    def on(self, splits):
        return Half(splits)


def rows(random, labels):
    """Rows [n, width] about a centre for each class, which are always the same."""
    centres = np.random.default_rng(3).normal(size=(labels.max() + 1, WIDTH))
    return (centres[labels] + 0.8 * random.normal(size=(len(labels), WIDTH))).astype(np.float32)


def table(random, classes=CLASSES):
    """Rows whose classes are drawn too."""
    labels = random.integers(classes, size=TRAIN + TEST)
    numbers = np.arange(len(labels))
    return Splits(rows(random, labels), numbers[:TRAIN], numbers[:0], numbers[TRAIN:], labels=labels)


def entities(random):
    """One to four records of each entity, which are a group, about a centre of its own."""
    labels = np.repeat(np.arange(TEST), random.integers(1, 5, size=TEST))[: TRAIN + TEST]
    features = random.normal(size=(TEST, WIDTH))[labels] + 0.4 * random.normal(size=(len(labels), WIDTH))
    order = np.arange(len(labels))
    return Splits(features.astype(np.float32), order[:0], order[:0], order, labels=labels, groups=labels)


def searched(random):
    """Queries that are drawn, and documents that are always the same."""
    documents = rows(np.random.default_rng(4), np.arange(TEST) % CLASSES)
    queries = rows(random, random.permutation(np.arange(QUERIES) % CLASSES))
    numbers = np.arange(QUERIES + TEST)
    keys = np.asarray([str(number) for number in numbers], dtype=object)
    return Splits(np.concatenate([queries, documents]), numbers[QUERIES:], numbers[:0], numbers[:QUERIES], keys=keys)


@cache
def judgements():
    """A file in which queries have ten relevant documents each, some of whatever class."""
    random = np.random.default_rng(5)
    pairs = [(query, QUERIES + each) for query in range(QUERIES) for each in random.choice(TEST, 10, replace=False)]
    path = Path(FOLDER.name) / "judgements.csv"
    path.write_text("query,document\n" + "\n".join(f"{query},{document}" for query, document in pairs))
    return str(path)


def words(random):
    """Stems, each in four forms that differ from it by the same offsets, up to noise."""
    stems, offsets = random.normal(size=(GROUPS, 1, WIDTH)), np.random.default_rng(6).normal(size=(1, FORMS, WIDTH))
    features = (stems + offsets + 0.3 * random.normal(size=(GROUPS, FORMS, WIDTH))).reshape(-1, WIDTH)
    numbers = np.arange(len(features))
    keys = np.asarray([str(number) for number in numbers], dtype=object)
    return Splits(features.astype(np.float32), numbers[:0], numbers[:0], numbers, keys=keys)


@cache
def questions():
    """A file of 300 questions: a form of one stem is to another form as that of another stem is to what."""
    random = np.random.default_rng(7)
    lines = []
    for _ in range(300):
        (one, other), (first, second) = (random.choice(count, 2, replace=False) for count in (GROUPS, FORMS))
        lines.append(",".join(str(FORMS * stem + form) for stem in (one, other) for form in (first, second)))
    path = Path(FOLDER.name) / "questions.csv"
    path.write_text("a,b,c,d\n" + "\n".join(lines))
    return str(path)


def of_tables(made, drawn):
    """Draws a table, and gives the interval of its score and the true one."""

    def values(random):
        splits, metric = drawn(random), made()
        return metric, splits, metric.values(Half(splits), splits)

    def score(metric, contributions):
        return float(metric.statistic(contributions, np.ones((1, len(contributions))))[0])

    @cache
    def truth():
        others = (values(np.random.default_rng([9, number])) for number in range(OTHERS))
        return np.mean([score(metric, contributions) for metric, _, contributions in others])

    def simulated(random, resamples=1000):
        metric, splits, contributions = values(random)
        (sample,), _ = Resampling(resamples, 0, splits, resampling_units(splits)).samples(metric, [contributions])
        low, high = np.quantile(sample, [0.025, 0.975])
        value = score(metric, contributions)
        return (min(low, value), max(high, value)), truth()

    return simulated


KINDS = {
    "pair AUROC of 200 rows": of_tables(PairAuroc, table),
    "pair AUROC of entities, 250 rows": of_tables(PairAuroc, entities),
    "match recall at 1 of entities, 250 rows": of_tables(lambda: MatchRecall(1), entities),
    "match recall at 10 of entities, 250 rows": of_tables(lambda: MatchRecall(10), entities),
    "retrieval precision of 200 rows": of_tables(RetrievalPrecision, table),
    "mean average precision of 200 rows": of_tables(lambda: RetrievalPrecision("map"), table),
    "silhouette of 200 rows": of_tables(lambda: Silhouette(clusters=4, seeds=1), table),
    "distance correlation of 200 rows": of_tables(DistanceCorrelation, table),
    "trustworthiness of 200 rows": of_tables(Trustworthiness, table),
    "invariance of 200 rows": of_tables(lambda: Invariance("noise", 0.2), table),
    "nDCG of 60 queries": of_tables(lambda: QueryRetrieval(judgements()), searched),
    "analogies, 300 questions of 160 words": of_tables(lambda: Analogies(questions()), words),
}
