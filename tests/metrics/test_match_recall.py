"""Matches found, against scikit-learn's nearest neighbours."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from sklearn.neighbors import NearestNeighbors

from zoo.metrics._some_records import some_records
from zoo.metrics.match_recall import MatchRecall


@pytest.fixture
def entities(classes, rng):
    """Test rows in entities of 1 to 3 records that are alike, in any order."""
    numbers = rng.permutation(np.repeat(np.arange(75), rng.permutation(np.repeat([1, 2, 3], 25))))
    labels = np.full(400, "", dtype=object)
    labels[classes.test] = [f"entity{number}" for number in numbers]
    features = classes.features.copy()
    features[classes.test] = (rng.normal(size=(75, 6))[numbers] + 0.4 * rng.normal(size=(150, 6))).astype(np.float32)
    return replace(classes, features=features, labels=labels)


def expected(table, k, rows):
    search = NearestNeighbors(n_neighbors=k + 1, metric="cosine", algorithm="brute").fit(table.features[rows])
    near = search.kneighbors(table.features[rows], return_distance=False)
    labels = table.labels[rows]
    shares = []
    for row, found in enumerate(near):
        matches = (labels == labels[row]).sum() - 1
        hits = sum(labels[other] == labels[row] for other in found if other != row)
        if matches:
            shares.append(hits / min(k, matches))
    return shares


@pytest.mark.parametrize("k", [1, 2, 10])
def test_it_is_the_share_of_matches_among_the_nearest_rows(k, entities, raw, once):
    wanted = expected(entities, k, entities.test)
    np.testing.assert_allclose(MatchRecall(k).values(raw.on(entities), entities), wanted)
    assert len(wanted) == 125
    assert 0.1 < once(MatchRecall(k), raw, entities) == pytest.approx(np.mean(wanted))
    as_sparse = replace(entities, features=sparse.csr_array(entities.features))
    np.testing.assert_allclose(MatchRecall(k).values(raw.on(as_sparse), as_sparse), wanted)


def test_no_more_rows_are_looked_at_than_wanted_and_those_without_a_label_left_out(entities, raw):
    np.testing.assert_allclose(
        MatchRecall(3, rows=60).values(raw.on(entities), entities), expected(entities, 3, some_records(entities, 60))
    )
    labels = entities.labels.copy()
    labels[entities.test[:10]] = ""
    table = replace(entities, labels=labels)
    np.testing.assert_allclose(MatchRecall(3).values(raw.on(table), table), expected(table, 3, entities.test[10:]))


def test_it_needs_matches_more_rows_than_k_and_finite_codes(entities, raw, codes, once):
    assert MatchRecall().values(raw, replace(entities, labels=None)) is None
    assert MatchRecall().values(raw, replace(entities, labels=np.arange(400))) is None
    assert MatchRecall(k=150).values(raw, entities) is None
    assert MatchRecall(k=149).values(raw.on(entities), entities).min() == 1
    assert np.isnan(once(MatchRecall(), codes(lambda rows: rows * np.nan), entities))
