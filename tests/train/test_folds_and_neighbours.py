"""Cross-validation and the graph of neighbours."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from zoo.errors import InputError
from zoo.train.feed import Feed
from zoo.train.folds import folds
from zoo.train.neighbours import Neighbours


def test_every_row_is_held_out_once_and_no_row_twice_in_a_fold(splits):
    dealt = list(folds(splits, 5, seed=0))
    assert len(dealt) == 5
    np.testing.assert_array_equal(np.sort(np.concatenate([fold.test for fold in dealt])), np.arange(600))
    for fold in dealt:
        parts = [fold.train, fold.validation, fold.test]
        np.testing.assert_array_equal(np.sort(np.concatenate(parts)), np.arange(600))
        assert len(fold.validation) == 96  # a fifth of what is left, as in the table's own split
        assert abs(len(fold.test) - 120) <= 1
    again = [fold.test for fold in folds(splits, 5, seed=0)]
    other = [fold.test for fold in folds(splits, 5, seed=1)]
    np.testing.assert_array_equal(again[0], dealt[0].test)
    assert not np.array_equal(other[0], dealt[0].test)


def test_groups_stay_together(splits):
    grouped = replace(splits, groups=np.arange(600) // 7)
    for fold in folds(grouped, 4, seed=0):
        sides = [set(grouped.groups[rows]) for rows in (fold.train, fold.validation, fold.test)]
        assert sum(map(len, sides)) == len(set.union(*sides))
    with pytest.raises(InputError, match=r"lower train\.folds"):
        list(folds(replace(splits, groups=np.zeros(600, np.int64)), 2, seed=0))


def test_the_graph_joins_nearest_neighbours_by_cosine_among_training_rows_only(splits):
    graph = Neighbours.among(splits, splits.train, 6, seed=0)
    assert set(graph.heads) | set(graph.tails) <= set(splits.train)
    assert not (graph.heads == graph.tails).any()
    assert ((graph.weights > 0) & (graph.weights <= 1)).all()
    search = NearestNeighbors(n_neighbors=6, metric="cosine").fit(splits.features[splits.train])
    nearest = search.kneighbors(return_distance=False)[:, :5]
    edges = set(zip(graph.heads, graph.tails, strict=True))
    for row, neighbours in zip(splits.train, splits.train[nearest], strict=True):
        assert len([each for each in neighbours if (row, each) in edges]) >= 4
    assert all((tail, head) in edges for head, tail in edges)  # the fuzzy union goes both ways
    with pytest.raises(InputError, match="fewer neighbours"):
        Neighbours.among(splits, splits.train[:5], 6, seed=0)


def test_the_feed_draws_edges_in_proportion_to_their_weights(splits):
    graph = Neighbours(np.asarray([3, 5]), np.asarray([4, 6]), np.asarray([0.25, 0.75]))
    feed = Feed(splits, 100, seed=0, neighbours=graph, steps=40)
    batches = list(feed.training().as_numpy_iterator())
    assert len(batches) == 40
    heads = np.concatenate([batch["row"] for batch in batches])
    tails = np.concatenate([batch["neighbour"] for batch in batches])
    first = np.isclose(heads, splits.features[3]).all(axis=1)
    np.testing.assert_allclose(first.mean(), 0.25, atol=0.03)
    np.testing.assert_array_equal(tails[first], np.tile(splits.features[4], (first.sum(), 1)))
    (validated,) = Feed(splits, 100, seed=0, neighbours=graph).validation().as_numpy_iterator()
    np.testing.assert_array_equal(validated["row"], validated["neighbour"])


def test_more_steps_than_rows_go_through_the_rows_again(splits):
    feed = Feed(splits, 100, seed=0, steps=10)
    rows = np.concatenate(list(feed.training().as_numpy_iterator()))
    counts = {tuple(row): 0 for row in splits.features[splits.train]}
    for row in rows:
        counts[tuple(row)] += 1
    assert set(counts.values()) == {2, 3}
