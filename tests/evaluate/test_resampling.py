"""Samples of scores against closed forms."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import stats

from zoo.evaluate._intervals import limits_of, scored
from zoo.evaluate._resampling import Resampling
from zoo.types import CountsRows, Dyadic


@dataclass
class Mean:
    interval: str = "bootstrap"

    def statistic(self, values, weights):
        return weights @ values / weights.sum(axis=1)


@dataclass
class RowMean(Mean):
    places: object = None

    def row_numbers(self, splits):
        return self.places


@dataclass
class PairMean(Mean):
    unit: str = ""
    higher_is_better: bool = True
    pairs: object = field(default_factory=list)

    def values(self, representation, splits):
        raise NotImplementedError

    def members(self, splits):
        return np.asarray(self.pairs)


def deviation(metric, splits, units, *values, resamples=4000):
    samples, what = Resampling(resamples, 0, splits, units).samples(metric, values)
    return [each.std() for each in samples], samples, what


def test_rows_of_a_group_are_drawn_together(splits, rng):
    groups = np.repeat(np.arange(40), 5)
    values = rng.normal(size=40)[groups] + 0.1 * rng.normal(size=200)
    metric = RowMean(places=np.arange(200))
    units = np.arange(len(splits))
    (alone,), _, what = deviation(metric, splits, units, values)
    assert what == "rows"
    units[:200] = 1000 + groups
    (together,), _, what = deviation(metric, splits, units, values)
    assert what == "40 groups of rows"
    means = values.reshape(40, 5).mean(axis=1)
    assert together == pytest.approx(means.std() / np.sqrt(40), rel=0.05)
    assert alone == pytest.approx(values.std() / np.sqrt(200), rel=0.05)
    assert together > 2 * alone


def test_a_single_group_tells_nothing_of_others(splits, rng):
    metric = RowMean(places=np.arange(50))
    (sample,), _ = Resampling(100, 0, splits, np.zeros(len(splits), np.int64)).samples(metric, [rng.normal(size=50)])
    assert np.isnan(sample).all()


@pytest.mark.parametrize("count", [30, 150])
def test_the_jackknife_of_a_mean_is_students_interval(count, splits, rng):
    values = rng.exponential(size=count)
    metric = RowMean("jackknife", places=np.arange(count))
    _, (sample,), _ = deviation(metric, splits, np.arange(len(splits)), values, resamples=40_000)
    low, high = np.quantile(sample, [0.025, 0.975])
    theirs = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
    np.testing.assert_allclose([low, high], theirs, atol=0.05 * (theirs[1] - theirs[0]))
    assert sample.mean() == pytest.approx(values.mean())


def test_the_jackknife_takes_bias_off(splits, rng):
    class Variance(RowMean):
        def statistic(self, values, weights):  # divided by n, too small by a share of 1 / n
            mean = super().statistic(values, weights)
            return super().statistic(values**2, weights) - mean**2

    values = rng.normal(size=20)
    metric = Variance("jackknife", places=np.arange(20))
    _, (sample,), _ = deviation(metric, splits, np.arange(len(splits)), values)
    assert sample.mean() == pytest.approx(values.var(ddof=1))
    metric.is_of_so_many_rows = True
    _, (kept,), _ = deviation(metric, splits, np.arange(len(splits)), values)
    assert kept.mean() == pytest.approx(values.var())
    assert kept.std() == pytest.approx(sample.std())


def test_pairs_that_share_a_word_are_not_independent(splits, rng):
    pairs = np.asarray([[i, j] for i in range(12) for j in range(i)])
    words = rng.normal(size=12)
    first = words[pairs].sum(axis=1) + 0.1 * rng.normal(size=len(pairs))
    second = first + 0.5 * rng.normal(size=len(pairs))
    metric = PairMean(pairs=pairs)
    assert isinstance(metric, Dyadic)
    assert not isinstance(metric, CountsRows)
    _, samples, what = deviation(metric, splits, np.arange(len(splits)), first, second, resamples=40_000)
    assert what == "66 of 12 members, robust to those that share one"
    apart = np.stack([first - first.mean(), second - second.mean()])
    shares = [[bool(set(one) & set(other)) for other in pairs.tolist()] for one in pairs.tolist()]
    expected = apart @ shares @ apart.T / 65**2  # leaving one out of n gives influences over n - 1
    heavy = 11 / 9  # variance of Student's t with 11 degrees of freedom
    np.testing.assert_allclose(np.cov(samples) / heavy, expected, rtol=0.05)
    assert samples[0].std() > 3 * first.std() / np.sqrt(66)


def test_with_very_few_words_errors_are_too_large_rather_than_nothing(splits):
    blessed = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        pairs = np.asarray([random.choice(6, 2, replace=False) for _ in range(10)])
        people, one, other = random.normal(size=6)[pairs].sum(axis=1) + random.normal(size=(3, 10))
        metric = PairMean(pairs=pairs)
        samples, _ = Resampling(200, 0, splits, np.arange(len(splits))).samples(
            metric, [-np.abs(one - people), -np.abs(other - people)]
        )
        difference = samples[0] - samples[1]
        assert difference.std() > 1e-3
        blessed += np.quantile(difference, 0.025) > 0
    assert blessed <= 0.05 * 300


def test_copies_of_words_are_one_word(splits, rng):
    pairs = rng.permutation(60).reshape(30, 2)
    values = rng.normal(size=30)
    metric, units = PairMean(pairs=np.tile(pairs, (4, 1))), np.arange(len(splits))
    metric.pairs[30:] += 60 * np.repeat([1, 2, 3], 30)[:, None]  # each pair again, of three copies of its words
    (apart,), _, _ = deviation(metric, splits, units, np.tile(values, 4), resamples=20_000)
    units[:240] %= 60
    (together,), _, _ = deviation(metric, splits, units, np.tile(values, 4), resamples=20_000)
    assert together == pytest.approx(2 * apart, rel=0.1)
    assert together == pytest.approx(stats.sem(values), rel=0.1)


def test_an_opponent_that_is_there_twice_leaves_the_intervals_of_the_others(splits):
    for seed in range(20):
        random = np.random.default_rng(seed)
        pairs = np.asarray([random.choice(40, 2, replace=False) for _ in range(60)])
        one, other = random.normal(size=40)[pairs].sum(axis=1) + random.normal(size=(2, 60))
        metric, units = PairMean(pairs=pairs), np.arange(len(splits))
        (before, _), _, _ = deviation(metric, splits, units, one, other, resamples=4000)
        (after, *_), _, _ = deviation(metric, splits, units, one, other, other, resamples=4000)
        assert after == pytest.approx(before, rel=0.1)


def test_no_interval_reaches_beyond_the_scale(splits, rng):
    metric = PairMean(pairs=np.arange(12).reshape(6, 2))
    metric.limits = (-1.0, 1.0)
    (sample,), _ = Resampling(2000, 0, splits, np.arange(len(splits))).samples(metric, [rng.choice([0.2, 1.0], 6)])
    assert sample.max() > 1  # as Student's tails do: differences are made of samples as they are
    assert scored(0.8, sample, 1.0, 6).high > 1
    assert scored(0.8, sample, 1.0, 6, limits_of(metric)).high == 1


@pytest.mark.parametrize("others", [np.arange(1, 61), np.repeat(1, 60)])
def test_pairs_that_all_share_a_member_say_nothing_of_others(others, splits, rng):
    metric = PairMean(pairs=np.column_stack([np.zeros(60, int), others]))
    one, other = rng.normal(size=(2, 60))
    samples, _ = Resampling(100, 0, splits, np.arange(len(splits))).samples(metric, [one, other])
    assert np.isnan(samples).all()
    apart = Resampling(100, 0, splits, np.zeros(len(splits), int))  # all of one group
    assert np.isnan(apart.samples(metric, [one])[0]).all()


def test_two_rows_tell_nothing(splits, rng):
    metric = RowMean(places=np.arange(2))
    (sample,), _ = Resampling(100, 0, splits, np.arange(len(splits))).samples(metric, [rng.normal(size=2)])
    assert np.isnan(sample).all()


def test_pairs_without_a_common_word_are_rows(splits, rng):
    values = rng.normal(size=80)
    _, (sample,), _ = deviation(PairMean(pairs=np.arange(160).reshape(80, 2)), splits, np.arange(len(splits)), values)
    assert sample.std() == pytest.approx(stats.sem(values), rel=0.05)


def test_what_has_no_value_has_no_samples(splits):
    values = [np.full(20, np.nan), None, np.ones(20)]
    samples, _ = Resampling(50, 0, splits, np.arange(len(splits))).samples(RowMean(places=np.arange(20)), values)
    assert [np.isnan(each).all() for each in samples] == [True, True, False]
    samples, _ = Resampling(50, 0, splits, np.arange(len(splits))).samples(
        PairMean(pairs=np.arange(40).reshape(20, 2)), values
    )
    assert [np.isnan(each).all() for each in samples] == [True, True, False]
    few = Resampling(50, 0, splits, np.arange(len(splits))).samples(RowMean(places=np.arange(0)), [np.empty(0)])
    assert np.isnan(few[0][0]).all()


def test_rows_that_do_not_fit_the_contributions_are_a_fault_of_the_metric(splits):
    with pytest.raises(ValueError, match=r"RowMean\.row_numbers gives 3 rows for 20 contributions"):
        Resampling(50, 0, splits, np.arange(len(splits))).samples(RowMean(places=np.arange(3)), [np.ones(20)])


def test_the_same_draws_for_all(splits, rng):
    values = rng.normal(size=60)
    samples, _ = Resampling(50, 0, splits, np.arange(len(splits))).samples(
        RowMean(places=np.arange(60)), [values, values + 1]
    )
    np.testing.assert_allclose(samples[1] - samples[0], 1)
