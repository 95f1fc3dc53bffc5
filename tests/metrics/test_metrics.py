"""Each metric against SciPy or scikit-learn, and the one promise that all metrics make."""

import copy
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import r2_score
from sklearn.neighbors import NearestNeighbors

import zoo.metrics
from zoo.errors import InputError
from zoo.lazy import public_names
from zoo.metrics.active_units import ActiveUnits
from zoo.metrics.analogies import Analogies
from zoo.metrics.anomaly_auroc import AnomalyAuroc
from zoo.metrics.average_precision import AveragePrecision
from zoo.metrics.basket_completion import BasketCompletion
from zoo.metrics.calinski_harabasz import CalinskiHarabasz
from zoo.metrics.cell_completion import CellCompletion
from zoo.metrics.class_separation import ClassSeparation
from zoo.metrics.cluster_agreement import ClusterAgreement
from zoo.metrics.continuity import Continuity
from zoo.metrics.copy_recall import CopyRecall
from zoo.metrics.cosine_spread import CosineSpread
from zoo.metrics.davies_bouldin import DaviesBouldin
from zoo.metrics.distance_correlation import DistanceCorrelation
from zoo.metrics.effective_rank import EffectiveRank
from zoo.metrics.field_completion import FieldCompletion
from zoo.metrics.gradient_boosting import GradientBoosting
from zoo.metrics.hubness import Hubness
from zoo.metrics.invariance import Invariance
from zoo.metrics.isotropy import Isotropy
from zoo.metrics.knn_accuracy import KnnAccuracy
from zoo.metrics.linear_probe import LinearProbe
from zoo.metrics.match_average_precision import MatchAveragePrecision
from zoo.metrics.match_f1 import MatchF1
from zoo.metrics.match_one_to_one_f1 import MatchOneToOneF1
from zoo.metrics.match_recall import MatchRecall
from zoo.metrics.near_duplicate_codes import NearDuplicateCodes
from zoo.metrics.negative_log_likelihood import NegativeLogLikelihood
from zoo.metrics.neighbour_overlap import NeighbourOverlap
from zoo.metrics.pair_auroc import PairAuroc
from zoo.metrics.pair_score_average_precision import PairScoreAveragePrecision
from zoo.metrics.pair_score_f1 import PairScoreF1
from zoo.metrics.pair_similarity import PairSimilarity
from zoo.metrics.query_retrieval import QueryRetrieval
from zoo.metrics.rate_per_dimension import RatePerDimension
from zoo.metrics.reconstruction_r2 import ReconstructionR2
from zoo.metrics.retrieval_precision import RetrievalPrecision
from zoo.metrics.silhouette import Silhouette
from zoo.metrics.trustworthiness import Trustworthiness
from zoo.metrics.word_similarity import WordSimilarity

METRICS = public_names(zoo.metrics.__path__)


def _scored(rng):
    return np.column_stack([rng.integers(0, 20, 50), rng.integers(0, 2, 50)]).astype(float)


def _separated(rng):
    return np.column_stack([rng.normal(size=(50, 3)), rng.integers(0, 4, 50), np.arange(50)])


def _clustered(rng):
    return np.column_stack([rng.normal(size=(50, 3)), rng.integers(0, 4, size=(50, 5))])


def _spread(rng):
    return np.column_stack([rng.normal(size=(50, 4)) * [3, 1, 1, 0.1], np.full(50, 4)])


def _directions(rng):
    codes = rng.normal(size=(50, 4))
    return np.column_stack([codes / np.linalg.norm(codes, axis=1, keepdims=True), np.full(50, 4)])


def _agreeing(rng):
    classes = rng.integers(0, 3, 50)
    return np.column_stack([classes, *((classes + rng.integers(0, 2, 50)) % 4 for _ in range(5))]).astype(float)


def _paired(rng):
    return np.column_stack([rng.normal(size=50), rng.integers(0, 6, 50), np.arange(50) // 25])


def _found(rng):
    is_match = rng.integers(0, 2, (50, 2))
    return np.column_stack([rng.random((50, 2)), is_match, is_match.sum(axis=1) + rng.integers(0, 2, 50)])


def _linked(rng):
    is_match = rng.integers(0, 2, 50)
    return np.column_stack([rng.random(50), is_match, is_match + rng.integers(0, 2, 50)])


# what each metric's `values` could be, the shape of one or a function that makes them all: add an entry with the metric
EXAMPLES = {
    "ActiveUnits": (ActiveUnits(0.5), (4,)),
    "Analogies": (Analogies(), ()),
    "AnomalyAuroc": (AnomalyAuroc(), _scored),
    "AveragePrecision": (AveragePrecision(), _scored),
    "BasketCompletion": (BasketCompletion(), ()),
    "CellCompletion": (CellCompletion(), (2,)),
    "CalinskiHarabasz": (CalinskiHarabasz(), _clustered),
    "ClassSeparation": (ClassSeparation(), _separated),
    "ClusterAgreement": (ClusterAgreement(), _agreeing),
    "Continuity": (Continuity(), ()),
    "CosineSpread": (CosineSpread(), _directions),
    "CopyRecall": (CopyRecall(), ()),
    "DaviesBouldin": (DaviesBouldin(), _clustered),
    "DistanceCorrelation": (DistanceCorrelation(), (2,)),
    "EffectiveRank": (EffectiveRank(), _spread),
    "FieldCompletion": (FieldCompletion(), ()),
    "Hubness": (Hubness(), ()),
    "Invariance": (Invariance(), ()),
    "Isotropy": (Isotropy(), _spread),
    "KnnAccuracy": (KnnAccuracy(), ()),
    "LinearProbe": (LinearProbe(), ()),
    "GradientBoosting": (GradientBoosting(trees=20), ()),
    "MatchAveragePrecision": (MatchAveragePrecision(2), _found),
    "MatchF1": (MatchF1(2), _found),
    "MatchOneToOneF1": (MatchOneToOneF1(), _linked),
    "MatchRecall": (MatchRecall(), ()),
    "NearDuplicateCodes": (NearDuplicateCodes(), ()),
    "NegativeLogLikelihood": (NegativeLogLikelihood(), ()),
    "NeighbourOverlap": (NeighbourOverlap(), ()),
    "PairAuroc": (PairAuroc(), (2,)),
    "PairScoreAveragePrecision": (PairScoreAveragePrecision(2), _found),
    "PairScoreF1": (PairScoreF1(2), _found),
    "PairSimilarity": (PairSimilarity("pairs.csv"), _paired),
    "QueryRetrieval": (QueryRetrieval("judgements.csv"), ()),
    "RatePerDimension": (RatePerDimension(), (3,)),
    "ReconstructionR2": (ReconstructionR2(), (2,)),
    "RetrievalPrecision": (RetrievalPrecision(), (2,)),
    "Silhouette": (Silhouette(), _clustered),
    "Trustworthiness": (Trustworthiness(), ()),
    "WordSimilarity": (WordSimilarity("wordsim353"), (2,)),
}


class Mute:
    """A representation that can only encode: a table's rows times a matrix."""

    name = "map"

    def __init__(self, matrix, table=None):
        self.matrix, self.table = np.asarray(matrix, np.float32), table

    def encode(self, rows):
        return self.table.take(rows) @ self.matrix

    def on(self, table):
        twin = copy.copy(self)
        twin.table = table
        return twin


class Map(Mute):
    """One that can reconstruct."""

    def reconstruct(self, rows):
        return self.encode(rows) @ np.linalg.pinv(self.matrix)


class Rated(Mute):
    """One whose code has a rate."""

    def __init__(self, matrix, rates):
        super().__init__(matrix)
        self.nats = rates

    def rates(self, rows):
        return np.tile(self.nats, (len(rows), 1))


@pytest.fixture
def pairs(tmp_path, rng):
    """Word pairs among the test keys of the fixture `splits`, with ties in the scores."""
    lines = [
        "# comment",
        *(f"key{500 + i}\tKEY{550 + i}\t{rng.integers(0, 10)}" for i in range(40)),
        "key500\tunknown\t1",
    ]
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(lines))
    return str(path)


@pytest.fixture
def projection(rng):
    return Map(rng.normal(size=(12, 4)))


def score(metric, representation, splits):
    values = metric.values(representation.on(splits), splits)
    return metric.statistic(values, np.ones((1, len(values))))[0]


def test_all_metrics_have_an_example_here():
    assert len(METRICS) >= 17
    assert set(METRICS) == set(EXAMPLES), "a metric is missing in EXAMPLES"


@pytest.mark.parametrize("name", METRICS)
def test_a_weight_counts_as_so_many_copies(name, rng):
    metric, shape = EXAMPLES[name]
    values = shape(rng) if callable(shape) else rng.normal(size=(50, *shape)) ** 2
    weights = rng.integers(0, 4, size=(7, 50)).astype(float)
    copies = [np.repeat(values, row.astype(int), axis=0) for row in weights]
    expected = [metric.statistic(copy, np.ones((1, len(copy))))[0] for copy in copies]
    np.testing.assert_allclose(metric.statistic(values, weights), expected, rtol=1e-10)
    assert len(set(expected)) > 1


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_measures(name):
    metric, _ = EXAMPLES[name]
    assert isinstance(metric.unit, str)
    assert metric.higher_is_better in {True, False, None}
    assert Path(importlib.import_module(type(metric).__module__).__file__).stem != "__init__"


def test_word_similarity_is_scipys_spearman_over_the_held_out_pairs(pairs, projection, splits):
    metric = WordSimilarity(pairs)
    values = metric.values(projection.on(splits), splits)
    assert values.shape == (40, 2)
    codes = (splits.features @ projection.matrix).astype(np.float64)
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    cosines = [unit[500 + i] @ unit[550 + i] for i in range(40)]
    np.testing.assert_allclose(values[:, 0], cosines, rtol=1e-5)
    assert score(metric, projection, splits) == pytest.approx(spearmanr(cosines, values[:, 1]).statistic, abs=1e-9)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"Zo\xeb\tzoo\t1", r"line 2: b'\\xeb\\tzoo\\t1' is not UTF-8"),
        (b"a\tb\tnan", "line 2: the score 'nan' is no finite"),
    ],
)
def test_word_pairs_that_cannot_be_read_are_named_by_their_line(line, said, splits, tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(b"a\tb\t1\n" + line)
    with pytest.raises(InputError, match=rf"pairs\.tsv, {said}"):
        WordSimilarity(str(path)).shortage(splits)


def test_word_similarity_needs_held_out_pairs(pairs, projection, splits):
    metric = WordSimilarity(pairs)
    trained_on = replace(splits, train=splits.test, test=splits.train)
    assert metric.values(projection, trained_on) is None
    assert metric.values(projection, replace(splits, keys=None)) is None
    assert metric.shortage(splits) == ""
    assert "0 pairs" in metric.shortage(trained_on)
    few = replace(splits, test=np.asarray([500, 501, 502, 503, 550, 551, 552, 553]))
    assert metric.values(projection.on(few), few).shape == (4, 2)
    assert "have both words held out, which hardly give an interval" in metric.shortage(few)
    words = replace(few, provenance={"source": "WordVectors"})
    assert metric.shortage(words).endswith(f"data.holdout=[{pairs}] holds out all that there are")
    assert "read by data._target_=zoo.data.WordVectors, data.holdout" in metric.shortage(few)
    numbered = replace(splits, keys=np.arange(600).astype(str).astype(object))
    assert "no pair has both words among the keys of the table: leave the metric out" in metric.shortage(numbered)
    constant = np.column_stack([np.ones(9), np.arange(9)])
    assert np.isnan(metric.statistic(constant, np.ones((1, 9)))).all()


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_overlap_is_that_of_sklearns_nearest_neighbours(projection, splits, distance):
    metric = NeighbourOverlap(k=7, among=550, distance=distance)
    queries = np.arange(500, 550)

    def neighbours(vectors):
        search = NearestNeighbors(n_neighbors=8, metric=distance, algorithm="brute").fit(vectors)
        found = search.kneighbors(vectors[queries], return_distance=False)
        return [set(row) - {query} for row, query in zip(found, queries, strict=True)]

    raw, codes = neighbours(splits.features[:550]), neighbours(splits.features[:550] @ projection.matrix)
    expected = [len(a & b) / 7 for a, b in zip(raw, codes, strict=True)]
    np.testing.assert_allclose(metric.values(projection.on(splits), splits), expected)
    assert score(metric, Map(np.eye(12)), splits) == 1
    assert 0 < score(metric, projection, splits) < 1
    assert NeighbourOverlap(k=600).values(projection, splits) is None
    assert NeighbourOverlap(k=5, among=400).values(projection, splits) is None  # no held-out row among them
    assert len(NeighbourOverlap(k=5, queries=10).values(projection.on(splits), splits)) == 10


def test_reconstruction_is_sklearns_variance_weighted_r2(projection, splits):
    rows = splits.features[splits.test]
    reconstructed = rows @ projection.matrix @ np.linalg.pinv(projection.matrix)
    expected = r2_score(rows, reconstructed, multioutput="variance_weighted")
    assert score(ReconstructionR2(), projection, splits) == pytest.approx(expected, abs=1e-5)
    assert ReconstructionR2().values(Mute(np.eye(12)), splits) is None
    same = np.column_stack([np.zeros(3), np.zeros(3)])
    assert np.isnan(ReconstructionR2().statistic(same, np.ones((1, 3)))).all()


def test_rate_per_dimension_is_the_mean_over_rows_and_dimensions(splits):
    representation = Rated(np.eye(12), rates=np.asarray([0.0, 1.0, 5.0]))
    assert score(RatePerDimension(), representation, splits) == pytest.approx(2.0)
    assert RatePerDimension().values(Map(np.eye(12)), splits) is None


def test_active_units_count_the_dimensions_that_vary(splits):
    matrix = np.zeros((12, 5), np.float32)
    matrix[:3, :3] = np.eye(3)
    matrix[0, 3] = 0.001  # varies, but below the threshold
    rows = splits.features[splits.test]
    expected = (np.var(rows @ matrix, axis=0) > 0.01).sum()
    assert expected == 3
    assert score(ActiveUnits(), Rated(matrix, rates=np.ones(5)), splits) == 3
    assert ActiveUnits().values(Map(matrix), splits) is None
