import json

import numpy as np
import pytest

from zoo.matching.fellegi_sunter import BOTH_MISSING, EDGES, KNOTS, ONE_MISSING, FellegiSunter

M, U = np.asarray([0.1, 0.2, 0.7]), np.asarray([0.8, 0.15, 0.05])
VALUES = np.asarray([KNOTS[0], KNOTS[5], KNOTS[-1]], np.float32)  # of three levels


def simulated(rng, pairs=20_000, share=0.1, fields=5, empty=0.2):
    """Agreements of matches and others that are drawn from known m and u, and which are matches."""
    match = rng.random(pairs) < share
    levels = np.where(match[:, None], rng.choice(3, (pairs, fields), p=M), rng.choice(3, (pairs, fields), p=U))
    agreement = VALUES[levels]
    missing = rng.random((pairs, fields))
    agreement[missing < empty] = ONE_MISSING
    agreement[missing < empty / 2] = BOTH_MISSING
    return agreement, match


def test_em_finds_the_m_and_u_that_pairs_were_drawn_from(rng):
    agreement, match = simulated(rng)
    fitted = FellegiSunter.estimate(list("abcde"), agreement)
    levels = np.searchsorted(EDGES, VALUES, side="right")
    for weights in fitted.weights:
        np.testing.assert_allclose(weights[levels], np.log(M / U), atol=0.12)
    assert 1 / (1 + np.exp(-fitted.prior)) == pytest.approx(match.mean(), abs=0.01)


def test_probabilities_are_those_of_bayes(rng):
    agreement, match = simulated(rng)
    fitted = FellegiSunter.estimate(list("abcde"), agreement)
    level = np.searchsorted(VALUES, agreement)
    ratio = np.where(agreement >= 0, np.log(M / U)[np.minimum(level, 2)], 0).sum(axis=1)
    expected = 1 / (1 + np.exp(-(np.log(0.1 / 0.9) + ratio)))
    assert np.abs(fitted.probability(agreement) - expected).max() < 0.1
    found = fitted.probability(agreement)
    for low, high in ((0.1, 0.5), (0.5, 0.9), (0.9, 1)):  # of those of which 7 in 10 are matches, 7 in 10 are
        some = (found >= low) & (found < high)
        assert match[some].mean() == pytest.approx(found[some].mean(), abs=0.08)


def test_evidence_adds_up_and_missing_fields_say_nothing(rng):
    agreement, _ = simulated(rng, 2000)
    fitted = FellegiSunter.estimate(list("abcde"), agreement)
    evidence = fitted.evidence(agreement)
    assert (evidence[agreement < 0] == 0).all()
    np.testing.assert_allclose(fitted.log_odds(agreement), fitted.prior + evidence.sum(axis=1), atol=1e-4)
    nothing = np.asarray([[ONE_MISSING] * 5, [BOTH_MISSING] * 5], np.float32)
    np.testing.assert_allclose(fitted.log_odds(nothing), fitted.prior)


def test_better_agreement_never_lowers_the_probability(rng):
    agreement = rng.random((500, 3)).astype(np.float32)  # noise, of which weights could be anything
    fitted = FellegiSunter.estimate(list("abc"), agreement)
    assert (np.diff(fitted.weights, axis=1) >= -1e-12).all()
    steps = np.linspace(0, 1, 101, dtype=np.float32)
    for field in range(3):
        rows = np.full((101, 3), 0.5, np.float32)
        rows[:, field] = steps
        assert (np.diff(fitted.log_odds(rows)) >= -1e-6).all()


def test_pairs_without_a_match_have_none(rng):
    agreement, _ = simulated(rng, share=0.0)
    assert (FellegiSunter.estimate(list("abcde"), agreement).probability(agreement) < 0.5).all()


def test_the_order_of_pairs_does_not_matter(rng):
    agreement, _ = simulated(rng, 3000)
    one, other = (FellegiSunter.estimate(list("abcde"), each) for each in (agreement, agreement[::-1]))
    np.testing.assert_allclose(one.weights, other.weights, atol=1e-9)


@pytest.mark.parametrize(
    "agreement",
    [
        np.zeros((0, 2)),
        np.zeros((5, 0)),
        np.full((50, 2), BOTH_MISSING),
        np.ones((50, 2)),
        np.zeros((50, 2)),
        np.ones((1, 2)),
    ],
    ids=["no pairs", "no fields", "all missing", "all agree", "none agrees", "one pair"],
)
def test_degenerate_pairs_have_finite_probabilities(agreement):
    names = [f"f{place}" for place in range(agreement.shape[1])]
    found = FellegiSunter.estimate(names, agreement.astype(np.float32)).probability(agreement)
    assert np.isfinite(found).all()
    assert found.shape == (len(agreement),)


def test_what_is_written_down_gives_the_same_probabilities(rng):
    agreement, _ = simulated(rng, 1000)
    fitted = FellegiSunter.estimate(list("abcde"), agreement)
    config = json.loads(json.dumps(fitted.get_config()))
    np.testing.assert_array_equal(
        FellegiSunter.from_config(config).probability(agreement), fitted.probability(agreement)
    )
    # the formula, as its words say
    row = agreement[0]
    terms = [np.interp(a, config["knots"], config["weights"][n]) for a, n in zip(row, "abcde", strict=True) if a >= 0]
    assert fitted.probability(agreement)[0] == pytest.approx(1 / (1 + np.exp(-(config["prior"] + sum(terms)))), 1e-5)
