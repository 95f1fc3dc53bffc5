"""Pairs of records told from others by a threshold: against scikit-learn and by counting."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score, precision_recall_curve

from zoo.metrics import (
    CopyRecall,
    MatchAveragePrecision,
    MatchF1,
    MatchOneToOneF1,
    MatchRecall,
    PairScoreAveragePrecision,
    PairScoreF1,
)
from zoo.metrics._some_records import some_records
from zoo.types import Splits

N = 40


@dataclass(frozen=True)
class Codes:
    codes: Any
    name: str = "codes"

    def encode(self, rows):
        return self.codes[rows]

    def on(self, splits):
        return Codes(splits.features)


@pytest.fixture
def codes(rng):
    return np.repeat(rng.normal(size=(N // 2, 4)), 2, axis=0) + 0.6 * rng.normal(size=(N, 4))


@pytest.fixture
def splits(codes):
    nothing = np.empty(0, np.int64)
    return Splits(codes.astype(np.float32), nothing, nothing, np.arange(N), labels=np.arange(N) // 2)


def score(metric, codes, splits, weights=None):
    values = metric.values(Codes(codes), splits)
    return metric.statistic(values, np.ones((1, len(values))) if weights is None else weights)[0]


def pairs(codes, splits):
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    first, second = np.nonzero(~np.eye(N, dtype=bool))
    if splits.sides is not None:
        kept = splits.sides[first] != splits.sides[second]
        first, second = first[kept], second[kept]
    return (unit[first] * unit[second]).sum(axis=1).round(10), splits.labels[first] == splits.labels[second]


def test_with_every_pair_a_candidate_they_are_scikit_learns(codes, splits):
    cosines, true = pairs(codes, splits)
    assert score(MatchAveragePrecision(N - 1), codes, splits) == pytest.approx(average_precision_score(true, cosines))
    precision, recall, _ = precision_recall_curve(true, cosines)
    best = (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()
    assert score(MatchF1(N - 1), codes, splits) == pytest.approx(best)


def test_of_two_tables_only_pairs_across_count(codes, splits):
    linked = replace(splits, sides=np.arange(N) % 2)
    cosines, true = pairs(codes, linked)
    wanted = average_precision_score(true, cosines)
    assert score(MatchAveragePrecision(N // 2), codes, linked) == pytest.approx(wanted)
    nearest = score(MatchRecall(1), codes, linked)
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    products = np.where(linked.sides[:, None] != linked.sides, unit @ unit.T, -9)
    assert nearest == pytest.approx((products.argmax(axis=1) // 2 == splits.labels).mean())


def test_true_pairs_that_are_no_candidates_are_missed(codes, splits):
    one, all_ = (score(MatchAveragePrecision(k), codes, splits) for k in (1, N - 1))
    assert one < all_ < 1
    assert score(MatchAveragePrecision(1), codes, splits) <= score(MatchRecall(1), codes, splits)


@pytest.mark.parametrize("metric", [MatchAveragePrecision(3), MatchF1(3)])
def test_records_that_count_twice_are_records_that_are_there_twice(metric, codes, splits, rng):
    values = metric.values(Codes(codes), splits)
    weights = rng.integers(0, 3, (1, N)).astype(float)
    repeated = np.repeat(values, weights[0].astype(int), axis=0)
    assert metric.statistic(values, weights) == pytest.approx(metric.statistic(repeated, np.ones((1, len(repeated)))))


@pytest.mark.parametrize("metric", [MatchAveragePrecision(3), MatchF1(3)])
def test_degenerate_codes_have_a_plain_score(metric, codes, splits):
    assert score(metric, np.ones_like(codes), splits) < 0.2  # all tie: no threshold parts anything
    assert np.isnan(score(metric, np.full_like(codes, np.nan), splits))
    assert metric.values(Codes(codes), replace(splits, labels=None)) is None
    assert metric.values(Codes(codes), replace(splits, labels=np.arange(N))) is None
    assert metric.values(Codes(codes), replace(splits, test=np.arange(3))) is None
    assert len(metric.row_numbers(replace(splits, labels=np.arange(N)))) == 0


def test_copies_are_asked_for_where_they_can_be_made(codes, splits):
    assert CopyRecall().values(Codes(codes), splits) is None


def test_copies_find_their_records(rng):
    import pyarrow as pa

    from zoo.rows import RecordErrors, TypedRecordRows
    from zoo.rows.typed_field import TypedField

    table = pa.table({"name": [f"{a}{b} {b}{c}" for a in "abc" for b in "xyz" for c in "klm"]})
    nothing = np.empty(0, np.int64)
    none = dict.fromkeys(RecordErrors.__dataclass_fields__, 0.0)
    found = {}
    for emptied in (0.0, 1.0):
        kind = TypedRecordRows({"name": TypedField("text", 512)}, errors=RecordErrors(**none | {"emptied": emptied}))
        splits = Splits(kind.read(table), nothing, nothing, np.arange(27), raw=table, kind=kind)
        found[emptied] = CopyRecall().values(Codes(splits.features), splits)
    assert found[0.0].mean() == 1
    assert found[1.0].mean() == pytest.approx(1 / 27)  # empty copies are nowhere: all tie, and the first is taken


@pytest.mark.parametrize("metric", [MatchF1(1), MatchAveragePrecision(1)])
def test_a_resample_without_a_match_has_no_value(metric):
    values = np.asarray([[0.9, 1, 1], [0.8, 0, 0]])
    assert np.isnan(metric.statistic(values, np.asarray([[0.0, 2.0]]))).all()
    assert np.isfinite(metric.statistic(values, np.asarray([[1.0, 1.0]]))).all()


def test_what_one_metric_has_searched_serves_the_others(codes, splits):
    asked = []

    class Counting(Codes):
        def encode(self, rows):
            asked.append(len(rows))
            return super().encode(rows)

    representation, other = Counting(codes), Counting(codes[::-1].copy())
    metrics = [MatchRecall(1), MatchRecall(3), MatchF1(3), MatchAveragePrecision(3)]
    found = [metric.values(representation, splits) for metric in metrics]
    assert asked == [N]
    assert not np.array_equal(found[2], metrics[2].values(other, splits))
    assert asked == [N, N]
    for metric, values in zip(metrics, found, strict=True):
        np.testing.assert_array_equal(values, metric.values(Codes(codes), replace(splits)))
    wide = MatchF1(15).values(representation, splits)
    assert asked == [N, N, N]
    np.testing.assert_array_equal(np.sort(wide[:, :15])[:, :-4:-1], np.sort(found[2][:, :3])[:, ::-1])


def linked_by_hand(cosines, sides, labels):
    """The links, each time the nearest two records that are still free."""
    free, links = set(range(N)), []
    pairs = [(-cosines[a, b], a, b) for a in range(N) for b in range(N) if sides[a] == 0 and sides[b] == 1]
    for cosine, a, b in sorted(pairs):
        if {a, b} <= free:
            free -= {a, b}
            links.append((-cosine, labels[a] == labels[b]))
    return links


def test_one_to_one_no_record_is_linked_twice(codes, splits):
    linked = replace(splits, sides=np.arange(N) % 2)
    unit = codes / np.linalg.norm(codes, axis=1, keepdims=True)
    links = linked_by_hand((unit @ unit.T).round(10), linked.sides, linked.labels)
    hits = np.cumsum([is_match for _, is_match in links])
    expected = (2 * hits / (np.arange(1, len(hits) + 1) + N // 2)).max()
    metric = MatchOneToOneF1(N // 2)
    assert score(metric, codes, linked) == pytest.approx(expected)
    assert score(metric, codes, linked) > score(MatchF1(N // 2), codes, linked)
    assert metric.row_numbers(linked).tolist() == list(range(0, N, 2))
    assert metric.values(Codes(codes), splits) is None
    assert len(metric.row_numbers(splits)) == 0
    assert np.isnan(score(metric, np.full_like(codes, np.nan), linked))


@pytest.fixture(scope="module")
def persons():
    """Sixty persons of two tables, and codes that say little."""
    import pyarrow as pa

    from tests.matching.conftest import tables
    from zoo.data._record_fields import Texts, typed_fields
    from zoo.rows import TypedRecordRows

    raw, rows, none = pa.concat_tables(tables(3, 60, 60)), np.arange(120), np.arange(0)
    fields, _ = typed_fields(raw, raw.column_names, rows, (), {}, Texts("runs", 64), 2, "persons")
    kind = TypedRecordRows(fields)
    features = csr_array((120, kind.width), dtype=np.float32)
    rng = np.random.default_rng(0)
    codes = np.tile(rng.normal(size=(60, 8)), (2, 1)) + rng.normal(size=(120, 8))
    return codes, Splits(features, none, none, rows, labels=rows % 60, sides=rows // 60, raw=raw, kind=kind)


@pytest.mark.parametrize("two", [True, False])
def test_scores_of_pairs_are_those_that_matching_gives(persons, two):
    from zoo.matching.field_values import Reading
    from zoo.matching.linking import Sides, Wanted, field_values, link

    codes, splits = persons
    splits = splits if two else replace(splits, sides=None)
    raw, reads = splits.raw, Reading(splits.kind.reads)
    tables = [raw.slice(0, 60), raw.slice(60)] if two else [raw, None]
    sides = Sides(field_values(*tables, raw.column_names, {}, ("a", "b"), reads)[0], np.zeros((60 if two else 120, 1)))
    every = np.tile(np.arange(60 if two else 120), (60 if two else 120, 1))
    sides = replace(sides, right=np.zeros((60, 1))) if two else sides
    links = link(sides, [every], Wanted(60, threshold=0.5))
    true = links.pairs.left == links.pairs.right if two else links.pairs.left + 60 == links.pairs.right
    k = 59 if two else 119
    found = score(PairScoreAveragePrecision(k), codes, splits)
    assert found == pytest.approx(average_precision_score(true, links.log_odds), abs=0.01)
    assert score(PairScoreF1(k), codes, splits) > 0.9 > score(MatchF1(k), codes, splits)
    assert found <= score(PairScoreAveragePrecision(2), codes, splits) + 0.05


def test_scores_of_pairs_need_fields(persons, codes, splits):
    metric = PairScoreF1(3)
    assert metric.values(Codes(codes), splits) is None
    assert len(metric.row_numbers(splits)) == 0
    assert metric.values(Codes(persons[0]), replace(persons[1], labels=None)) is None
    assert np.isnan(score(metric, np.full((120, 2), np.nan), persons[1]))
    assert len(metric.row_numbers(persons[1])) == 120
    few = score(metric, np.ones((120, 2)), persons[1])
    assert 0 < few < 1  # codes that are all alike find few, and rare values the rest


def test_some_records_are_whole_entities_of_both_tables():
    features = np.zeros((400, 2), np.float32)
    labels = np.r_[np.arange(200), np.arange(200)]
    every = np.arange(400)
    table = Splits(features, every[:0], every[:0], every, labels=labels, sides=np.repeat([0, 1], 200))
    taken = some_records(table, 100)
    assert len(taken) == 100
    assert (np.bincount(labels[taken])[np.unique(labels[taken])] == 2).all()
    assert np.bincount(table.sides[taken]).tolist() == [50, 50]
    assert some_records(table, 400).tolist() == every.tolist()
    alone = some_records(replace(table, labels=None), 30)
    assert len(alone) == 30
    assert alone.max() > 200


def test_what_a_table_lacks_for_matches_is_said():
    every = np.arange(12)
    table = Splits(np.zeros((12, 2), np.float32), every[:0], every[:0], every, labels=every)
    assert MatchRecall(k=3).shortage(table) == "none of 12 records that are held out has a match among them"
    assert "at least 20 are looked at" in MatchF1(k=20).shortage(table)
    two = replace(table, labels=every // 2, sides=np.r_[0, np.ones(11, np.int64)])
    assert "at least 3 of each table" in MatchAveragePrecision(k=3).shortage(two)
    assert not MatchRecall(k=3).shortage(replace(table, labels=every // 2))
