"""Ranks of neighbours and distances, against scikit-learn and SciPy."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from zoo.metrics.continuity import Continuity
from zoo.metrics.distance_correlation import DistanceCorrelation
from zoo.metrics.trustworthiness import Trustworthiness
from zoo.types import Splits

BOTH = [Trustworthiness, Continuity]


def matrix(columns):
    return np.random.default_rng(5).normal(size=(columns, 3)).astype(np.float32)


@pytest.fixture
def projected(codes):
    """Codes of 3 dimensions of the fixture `splits`."""
    return codes(lambda rows: rows @ matrix(12))


def on_unit_length(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("k", [1, 10, 49])
def test_they_are_sklearns_in_both_directions(k, projected, splits, once):
    rows = splits.features[splits.test].astype(np.float64)
    small = rows @ matrix(12).astype(np.float64)
    assert once(Trustworthiness(k), projected, splits) == pytest.approx(
        trustworthiness(rows, small, n_neighbors=k), abs=1e-9
    )
    assert once(Continuity(k), projected, splits) == pytest.approx(
        trustworthiness(small, rows, n_neighbors=k), abs=1e-9
    )
    assert once(Trustworthiness(k), projected, splits) < 0.99


def test_by_cosine_they_are_sklearns_of_rows_at_length_1(projected, splits, once):
    rows = splits.features[splits.test].astype(np.float64)
    small = on_unit_length(rows @ matrix(12).astype(np.float64))
    expected = trustworthiness(rows, small, n_neighbors=7, metric="cosine")
    assert once(Trustworthiness(7, distance="cosine"), projected, splits) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("metric", BOTH)
def test_only_the_first_rows_are_looked_at_and_large_tables_go_by_blocks(metric, codes, rng, splits, once):
    features = rng.normal(size=(1300, 5)).astype(np.float32)
    table = replace(splits, features=features, test=np.arange(1300), keys=None)
    squared = codes(lambda rows: rows[:, :2] ** 2)
    rows, small = features[:1100].astype(np.float64), features[:1100, :2].astype(np.float64) ** 2
    first, second = (rows, small) if metric is Trustworthiness else (small, rows)
    expected = trustworthiness(first, second, n_neighbors=10)
    assert once(metric(10, rows=1100), squared, table) == pytest.approx(expected, abs=1e-9)
    assert len(metric(rows=1100).row_numbers(table)) == 1100


@pytest.mark.parametrize("metric", BOTH)
def test_the_rows_themselves_lose_nothing_and_sparse_ones_neither(metric, raw, rng, splits, once):
    assert once(metric(), raw, splits) == pytest.approx(1)
    held = (rng.random((600, 40)) < 0.3).astype(np.float32) * rng.integers(1, 9, size=(600, 40))
    table = replace(splits, features=sparse.csr_array(held.astype(np.float32)))
    dense = replace(splits, features=held.astype(np.float32))
    assert once(metric(), raw, table) == pytest.approx(once(metric(), raw, dense), abs=1e-9)


@pytest.mark.parametrize("metric", BOTH)
def test_ties_are_broken_at_random_on_average(metric, codes, rng, splits, once):
    table = replace(splits, features=rng.normal(size=(600, 3)).astype(np.float32))
    coarse = codes(lambda rows: np.round(rows[:, :2]))
    found = once(metric(3), coarse, table)
    scores = []
    for _ in range(300):  # noise far below the steps of the codes
        noisy = np.round(table.features[table.test, :2]) + 1e-4 * rng.normal(size=(100, 2))
        rows = table.features[table.test]
        first, second = (rows, noisy) if metric is Trustworthiness else (noisy, rows)
        scores.append(trustworthiness(first, second, n_neighbors=3))
    assert found == pytest.approx(np.mean(scores), abs=4 * np.std(scores) / np.sqrt(300))


@pytest.mark.parametrize("metric", BOTH)
def test_collapsed_codes_are_worth_a_half_and_broken_ones_nothing(metric, codes, splits, once):
    assert once(metric(), codes(np.ones_like), splits) == pytest.approx(0.5, abs=0.05)
    same = replace(splits, features=np.ones_like(splits.features))
    assert once(metric(), codes(lambda rows: rows), same) == pytest.approx(0.5, abs=0.05)
    assert np.isnan(once(metric(), codes(lambda rows: rows * np.nan), splits))


@pytest.mark.parametrize("metric", BOTH)
def test_half_of_the_rows_as_neighbours_are_refused_with_a_sentence(metric, raw, splits):
    assert metric(50).values(raw.on(splits), splits) is None
    assert metric(50).shortage(splits) == "k=50 neighbours need more than 100 held-out rows, and 100 are looked at"
    assert metric(49).shortage(splits) == ""
    few = replace(splits, test=splits.test[:3])
    assert metric(1).values(raw.on(few), few) is None
    assert metric(1).shortage(few) == "k=1 neighbours need more than 3 held-out rows, and 3 are looked at"
    assert metric(10, rows=20).values(raw.on(splits), splits) is None
    assert metric().values(raw, replace(splits, test=splits.test[:0])) is None


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_distances_correlate_as_scipy_says(distance, projected, splits, once):
    metric = DistanceCorrelation(pairs=400, distance=distance, seed=3)
    pairs = metric.members(splits)
    rows = splits.features.astype(np.float64)
    small = rows @ matrix(12).astype(np.float64)
    raw, code = (cdist(each, each, distance)[tuple(pairs.T)] for each in (rows, small))
    expected = spearmanr(raw, code).statistic
    assert once(metric, projected, splits) == pytest.approx(expected, abs=1e-9)
    assert 0.1 < expected < 0.99


def test_pairs_are_distinct_held_out_and_share_no_row_as_long_as_they_can(splits):
    for count in (2, 3, 4, 5, 20, 21):
        table = replace(splits, test=splits.test[:count])
        pairs = DistanceCorrelation(pairs=10_000).members(table)
        distinct = {frozenset(pair) for pair in pairs.tolist()}
        assert len(distinct) == len(pairs)
        assert all(len(pair) == 2 for pair in distinct)
        assert np.isin(pairs, table.test).all()
        assert len(pairs) >= (count * (count - 2) / 2 if count > 2 else 0)
    assert len(np.unique(DistanceCorrelation(pairs=50).members(splits))) == 100
    assert (DistanceCorrelation(seed=1).members(splits) != DistanceCorrelation(seed=2).members(splits)).any()


def test_distances_of_collapsed_broken_and_too_few_rows(raw, codes, splits, once):
    metric = DistanceCorrelation()
    assert once(metric, raw, splits) == pytest.approx(1)
    assert np.isnan(once(metric, codes(np.ones_like), splits))
    assert np.isnan(once(metric, codes(lambda rows: rows * np.nan), splits))
    two = replace(splits, test=splits.test[:2])
    assert metric.values(raw, two) is None
    assert metric.shortage(two) == "at least 3 pairs of held-out rows are needed"
    assert metric.shortage(splits) == ""
    held = sparse.csr_array(np.abs(splits.features))
    dense = replace(splits, features=np.abs(splits.features))
    signs = codes(lambda rows: np.asarray(rows @ matrix(12)))
    assert once(metric, signs, replace(splits, features=held)) == pytest.approx(once(metric, signs, dense), abs=1e-6)


@pytest.mark.parametrize("metric", BOTH)
@pytest.mark.parametrize("k", [1, 7])
def test_a_row_contributes_what_the_score_is_without_it(metric, k, codes, rng):
    table = rng.normal(size=(40, 4)).astype(np.float32)
    splits = Splits(table, train=np.arange(5), validation=np.arange(5, 10), test=np.arange(10, 40))
    rows, small = table[10:].astype(np.float64), (table[10:] @ matrix(4)).astype(np.float64)
    first, second = (rows, small) if metric is Trustworthiness else (small, rows)
    left = [trustworthiness(np.delete(first, m, 0), np.delete(second, m, 0), n_neighbors=k) for m in range(30)]
    contributed = metric(k).values(codes(lambda rows: rows @ matrix(4)).on(splits), splits)
    np.testing.assert_allclose(contributed - contributed.mean(), 29 * (np.mean(left) - np.asarray(left)), atol=1e-5)
    assert contributed.mean() == pytest.approx(trustworthiness(first, second, n_neighbors=k), abs=1e-7)
