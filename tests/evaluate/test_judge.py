from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import bootstrap

from zoo.evaluate.gates import decide
from zoo.evaluate.judge import Judge
from zoo.types import Gate


@dataclass
class Fixed:
    """A representation that stands for the numbers a metric will see."""

    name: str
    numbers: object

    def encode(self, rows):
        return np.zeros((len(rows), 2))


@dataclass
class Mean:
    higher_is_better: bool | None = True
    unit: str = "units"

    def values(self, representation, splits):
        return representation.numbers

    def statistic(self, values, weights):
        return weights @ values / weights.sum(axis=1)


@pytest.fixture
def numbers(rng):
    return rng.exponential(size=200)


def test_intervals_are_scipys_percentile_bootstrap(numbers, splits):
    report = Judge(resamples=4000).report([Fixed("encoder", numbers)], {"mean": Mean()}, splits)
    score = report.scores["encoder"]["mean"]
    theirs = bootstrap((numbers,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    width = theirs.high - theirs.low
    assert score.value == pytest.approx(numbers.mean())
    assert score.low == pytest.approx(theirs.low, abs=0.1 * width)
    assert score.high == pytest.approx(theirs.high, abs=0.1 * width)
    assert score.count == 200
    narrow = Judge(resamples=4000, confidence=0.5).report([Fixed("encoder", numbers)], {"mean": Mean()}, splits)
    assert narrow.scores["encoder"]["mean"].high - narrow.scores["encoder"]["mean"].low < 0.5 * width


def test_differences_are_paired(numbers, rng, splits):
    close = numbers - 0.1 + 0.01 * rng.normal(size=200)
    report = Judge().report([Fixed("encoder", numbers), Fixed("close", close)], {"mean": Mean()}, splits)
    difference, score = report.differences["close"]["mean"], report.scores["encoder"]["mean"]
    assert difference.value == pytest.approx((numbers - close).mean())
    assert difference.high - difference.low < 0.05 * (score.high - score.low)
    assert difference.low > 0.09


def test_positive_is_better_whatever_the_direction(numbers, splits):
    pair = [Fixed("encoder", numbers), Fixed("other", numbers + 1)]
    higher = Judge().report(pair, {"mean": Mean()}, splits).differences["other"]["mean"]
    lower = Judge().report(pair, {"mean": Mean(higher_is_better=False)}, splits).differences["other"]["mean"]
    assert higher.value == pytest.approx(-1)
    assert lower.value == pytest.approx(1)
    assert lower.low <= lower.value <= lower.high
    assert not Judge().report(pair, {"mean": Mean(higher_is_better=None)}, splits).differences["other"]


def test_what_does_not_apply_is_left_open(numbers, splits):
    report = Judge().report([Fixed("encoder", numbers), Fixed("raw", None)], {"mean": Mean()}, splits)
    assert report.scores["raw"]["mean"] is None
    assert report.differences["raw"] == {}
    report = Judge().report([Fixed("encoder", None), Fixed("raw", numbers)], {"mean": Mean()}, splits)
    assert report.scores["encoder"]["mean"] is None
    assert report.scores["raw"]["mean"] is not None
    assert report.differences["raw"] == {}


def test_an_encoder_as_good_as_another_is_blessed_by_chance_alone(splits):
    """Two equally good ones with independent noise: 2.5% of tables; a better one: nearly all."""
    wins = {0.0: 0, 0.1: 0}
    for better in wins:
        for seed in range(200):
            random = np.random.default_rng(seed)
            one, other = (random.random((2, 400)) < [[0.8 + better], [0.8]]).astype(float)
            pair = [Fixed("encoder", one), Fixed("other", other)]
            report = Judge(resamples=100, seed=seed).report(pair, {"mean": Mean()}, splits)
            wins[better] += decide(report, {"g": Gate("mean", beats=["other"])}, "encoder").blessed
    assert wins[0.0] <= 0.05 * 200
    assert wins[0.1] >= 0.95 * 200


def test_the_same_seed_gives_the_same_intervals(numbers, splits):
    first, second, other = (
        Judge(seed=seed).report([Fixed("encoder", numbers)], {"mean": Mean()}, splits).scores["encoder"]["mean"]
        for seed in (0, 0, 1)
    )
    assert first == second
    assert first != other


def test_representations_must_be_judged_on_the_same_rows(numbers, splits):
    pair = [Fixed("encoder", numbers), Fixed("other", numbers[1:])]
    with pytest.raises(ValueError, match="same rows"):
        Judge().report(pair, {"mean": Mean()}, splits)


def test_a_candidate_is_scored_as_in_a_report_up_to_the_first_metric_with_a_value(numbers, splits):
    metrics = {"none": Mean(), "mean": Mean(), "never asked": Mean()}
    metrics["none"].values = lambda *_: None
    metrics["never asked"].values = pytest.fail
    seeds = [Fixed("encoder", numbers), Fixed("encoder", numbers + 1)]
    found = Judge(resamples=50).first_value(seeds, metrics, splits)
    report, _ = Judge(resamples=50).weigh(seeds[:1], {"mean": Mean()}, splits, {"encoder": seeds[1:]})
    assert found.scores == {"encoder": {"none": None, "mean": report.scores["encoder"]["mean"]}}
    assert list(found.reasons["encoder"]) == ["none"]


def test_two_representations_of_one_name_are_refused(numbers, splits):
    with pytest.raises(ValueError, match="representations of one name: a, a"):
        Judge().report([Fixed("a", numbers), Fixed("a", numbers)], {"mean": Mean()}, splits)
