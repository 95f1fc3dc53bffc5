"""How often rows are neighbours, against scikit-learn's neighbours and SciPy's skewness."""

import numpy as np
from scipy.stats import skew
from sklearn.neighbors import NearestNeighbors

from zoo.metrics import Hubness, NeighbourOverlap
from zoo.types import Splits


class Same:
    """Codes that are the rows."""

    def __init__(self, splits):
        self.splits = splits

    def encode(self, rows):
        return self.splits.features[rows]


def made(rng, count=400, width=8):
    rows = np.arange(count)
    features = rng.normal(size=(count, width)).astype(np.float32)
    return Splits(features, train=rows[:40], validation=rows[40:60], test=rows[60:])


def test_it_is_the_skewness_of_how_often_each_row_is_a_neighbour(rng):
    splits = made(rng)
    metric = Hubness(k=5, rows=200)
    taken = metric.row_numbers(splits)
    assert len(taken) == 200
    assert taken[[0, -1]].tolist() == [60, 399]
    near = NearestNeighbors(n_neighbors=6, metric="cosine").fit(splits.features[taken]).kneighbors()[1][:, :5]
    counts = np.bincount(near.ravel(), minlength=200)
    values = metric.values(Same(splits), splits)
    np.testing.assert_array_equal(values, counts)
    weights = np.vstack([np.ones(200), rng.integers(0, 3, 200)])
    expected = [skew(counts), skew(np.repeat(counts, weights[1].astype(int)))]
    np.testing.assert_allclose(metric.statistic(values, weights), expected, rtol=1e-9)


def test_hubs_make_a_long_tail_and_equal_counts_have_no_skewness(rng):
    metric, ones = Hubness(k=5), np.ones((1, 340))
    alike, hubs = made(rng, width=3), made(rng, width=30)
    hubs.features[:] = (
        hubs.features * rng.uniform(0.1, 2, (400, 1)) + np.eye(30)[0] * 5
    )  # who has little noise is near to all
    skewness = [metric.statistic(metric.values(Same(splits), splits), ones)[0] for splits in (alike, hubs)]
    assert skewness[0] < 0.5
    assert skewness[1] > 1
    few = made(rng, count=65)
    assert metric.values(Same(few), few) is None
    assert "more held-out rows than 5" in metric.shortage(few)
    assert np.isnan(metric.statistic(np.full(340, 5.0), ones))[0]
    one_value_drawn = np.repeat([0.0, 0.1, 0.2], [1, 200, 139])[None]
    assert np.isnan(metric.statistic(np.repeat([4.0, 5.0, 5.0], [1, 200, 139]), one_value_drawn))[0]
    broken = Same(made(rng))
    broken.splits.features[70] = np.nan
    assert np.isnan(metric.statistic(metric.values(broken, broken.splits), ones))[0]


def test_queries_may_be_spread_over_the_table(rng):
    splits = made(rng)
    spread = NeighbourOverlap(k=3, among=400, queries=50, spread=True).row_numbers(splits)
    assert len(spread) == 50
    assert spread[[0, -1]].tolist() == [60, 399]
    assert NeighbourOverlap(k=3, among=400, queries=50).row_numbers(splits).tolist() == list(range(60, 110))
