"""Which differences are more than chance."""

import numpy as np
import pytest
from scipy import stats

from zoo.evaluate._marks import as_good_as_the_best, holm, p_value
from zoo.types import Score


def scores(**values):
    return {name: None if value is None else Score(value, value, value, 10) for name, value in values.items()}


def test_p_is_that_of_a_z_test(rng):
    values = rng.normal(0.1, size=400)
    samples = values[rng.integers(400, size=(8000, 400))].mean(axis=1)
    assert p_value(values.mean(), samples) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, abs=0.01)
    assert np.isnan(p_value(np.nan, samples))
    assert np.isnan(p_value(0.1, np.full(10, np.nan)))
    assert p_value(0.0, np.zeros(10)) == 1
    assert p_value(0.5, np.full(10, 0.5)) == 0


def test_holm_by_hand():
    values = {("a", "m"): 0.01, ("b", "m"): 0.04, ("c", "m"): 0.03, ("d", "m"): np.nan}
    adjusted = holm(values)
    assert adjusted["a", "m"] == pytest.approx(0.03)
    assert adjusted["c", "m"] == pytest.approx(0.06)
    assert adjusted["b", "m"] == pytest.approx(0.06)  # never below a smaller one's
    assert np.isnan(adjusted["d", "m"])
    assert holm({("a", "m"): 0.9, ("b", "m"): 0.8})["a", "m"] == 1


def test_the_best_and_what_cannot_be_told_from_it(rng):
    noise = rng.normal(size=1000)
    samples = {"best": 0.9 + 0.01 * noise, "near": 0.895 + 0.01 * rng.normal(size=1000), "far": 0.5 + 0.01 * noise}
    found = scores(best=0.9, near=0.895, far=0.5, absent=None, broken=np.nan)
    assert as_good_as_the_best(found, samples, 0.05, higher_is_better=True) == ("best", "near")
    assert as_good_as_the_best(found, samples, 0.05, higher_is_better=False) == ("far",)
    assert as_good_as_the_best(scores(absent=None), {}, 0.05, higher_is_better=True) == ()


def test_what_has_no_interval_is_marked_neither_way(rng):
    nothing, something = np.full(100, np.nan), 0.9 + 0.01 * rng.normal(size=100)
    few = np.where(np.arange(100) < 10, something, np.nan)  # of which no interval is made either
    found = scores(one=0.9, other=0.8999)
    assert as_good_as_the_best(found, {"one": nothing, "other": nothing}, 0.05, higher_is_better=True) == ()
    for samples in (nothing, few):
        assert np.isnan(p_value(0.1, samples))
        beside = {"one": something, "other": samples}
        assert as_good_as_the_best(found, beside, 0.05, higher_is_better=True) == ("one",)
