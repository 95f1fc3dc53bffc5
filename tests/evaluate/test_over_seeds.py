"""Rows and seeds resampled together."""

import numpy as np
import pytest
from scipy import stats

from zoo.evaluate.judge import Judge
from zoo.evaluate.over_seeds import chance_of_a_new_seed, over_seeds


class Mean:
    unit, higher_is_better = "units", True

    def values(self, representation, splits):
        return representation.numbers

    def statistic(self, values, weights):
        return weights @ values / weights.sum(axis=1)


class Fixed:
    def __init__(self, name, numbers):
        self.name, self.numbers = name, numbers

    def encode(self, rows):
        return np.zeros((len(rows), 2))


def test_one_seed_is_left_as_it_is(rng):
    samples = rng.normal(size=(1, 50))
    np.testing.assert_array_equal(over_seeds(samples, 0, 0.95), samples[0])


def test_the_variance_is_that_of_rows_and_that_of_students_interval_of_the_seeds(rng):
    seeds, points = 5, np.asarray([0.1, 0.3, 0.2, 0.5, 0.4])
    rows = rng.normal(scale=0.05, size=20_000)
    drawn = over_seeds(points[:, None] + rows, 0, 0.95)  # rows move all seeds alike
    of_seeds = points.var(ddof=1) / seeds * (stats.t.ppf(0.975, 4) / stats.norm.ppf(0.975)) ** 2
    assert drawn.mean() == pytest.approx(0.3, abs=0.01)
    assert drawn.var() == pytest.approx(0.05**2 + of_seeds, rel=0.05)


def test_things_with_as_many_seeds_stay_paired(rng):
    first = rng.normal(size=(4, 200))
    difference = over_seeds(first + 0.5, 3, 0.95) - over_seeds(first, 3, 0.95)
    np.testing.assert_allclose(difference, 0.5)


def covered(random, seeds, rows, spread):
    table = random.normal(scale=spread, size=(seeds, 1)) + random.normal(size=rows) + random.normal(
        scale=0.3, size=(seeds, rows))  # fmt: skip
    weights = random.multinomial(rows, np.full(rows, 1 / rows), size=200) / rows
    low, high = np.quantile(over_seeds(table @ weights.T, 0, 0.95), [0.025, 0.975])
    return low <= 0 <= high


@pytest.mark.parametrize("spread", [0.02, 0.5])
def test_intervals_hold_the_mean_over_all_rows_and_seeds(spread):
    random = np.random.default_rng(1)
    share = np.mean([covered(random, 5, 100, spread) for _ in range(400)])
    assert 0.92 <= share <= 0.985


def test_the_chance_of_a_new_seed_is_students_predictive_probability():
    ahead = np.asarray([0.01, 0.03, -0.01, 0.02, 0.02])
    scaled = ahead.mean() / (ahead.std(ddof=1) * np.sqrt(1 + 1 / 5))
    assert chance_of_a_new_seed(np.repeat(ahead[:, None], 3, axis=1)) == pytest.approx(stats.t.cdf(scaled, 4))
    assert chance_of_a_new_seed(np.full((5, 3), 0.1)) == 1
    assert chance_of_a_new_seed(np.zeros((5, 3))) == 0.5
    assert np.isnan(chance_of_a_new_seed(np.ones((1, 3))))
    assert np.isnan(chance_of_a_new_seed(np.full((5, 3), np.nan)))


def test_the_judge_scores_means_and_pairs_the_seeds_of_what_has_seeds(splits, rng):
    rows = rng.normal(size=100)
    encoders = [Fixed("encoder", rows + each) for each in (0.5, 0.7, 0.6)]
    untrained = [Fixed("untrained", rows + each) for each in (0.1, 0.3, 0.2)]
    others = {"encoder": encoders[1:], "untrained": untrained[1:]}
    raw = Fixed("raw", rows)
    report, evidence = Judge(resamples=200).weigh([encoders[0], raw, untrained[0]], {"mean": Mean()}, splits, others)
    assert list(report.scores) == ["encoder", "raw", "untrained"]
    assert report.scores["encoder"]["mean"].value == pytest.approx(rows.mean() + 0.6)
    assert report.seeds["mean"] == pytest.approx([rows.mean() + each for each in (0.5, 0.7, 0.6)])
    difference = report.differences["untrained"]["mean"]
    assert (difference.value, difference.low, difference.high) == pytest.approx((0.4, 0.4, 0.4))
    against_raw = report.differences["raw"]["mean"]
    half = stats.t.ppf(0.975, 2) * 0.1 / np.sqrt(3)
    assert against_raw.high - against_raw.low == pytest.approx(2 * half, rel=0.2)
    assert report.chances["untrained"]["mean"] == 1
    assert report.chances["raw"]["mean"] == pytest.approx(stats.t.cdf(0.6 / (0.1 * np.sqrt(4 / 3)), 2))
    assert list(evidence.representations) == ["encoder", "raw", "untrained"]
    np.testing.assert_allclose(evidence.samples["encoder"]["mean"].mean(), rows.mean() + 0.6, atol=0.05)
    single = Judge(resamples=20).weigh([encoders[0], raw], {"mean": Mean()}, splits)[0]
    assert not single.seeds
    assert not single.chances
