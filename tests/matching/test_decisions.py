import numpy as np
import pytest

import zoo.matching.scorer as scorers
from zoo.matching.entities import entities
from zoo.matching.one_to_one import one_to_one
from zoo.matching.ranked_cosine import RankedCosine
from zoo.matching.scorer import Scorer


def test_one_to_one_takes_the_surest_first_and_then_the_lowest_rows():
    left, right = np.asarray([0, 0, 1, 1, 2]), np.asarray([0, 1, 0, 1, 1])
    kept = one_to_one(left, right, np.asarray([1.0, 2, 2, 2, 2]), np.asarray([0.0, 0, 0.5, 0, 0]))
    assert kept.tolist() == [False, True, True, False, False]
    equal = one_to_one(left, right, np.zeros(5))
    assert equal.tolist() == [True, False, False, True, False]


def test_one_to_one_does_not_hang_on_the_order_of_pairs(rng):
    left, right = rng.integers(20, size=(2, 100))
    first = np.unique(left * 100 + right, return_index=True)[1]
    left, right, scores = left[first], right[first], rng.integers(3, size=len(first)).astype(float)
    order = rng.permutation(len(first))
    kept = one_to_one(left, right, scores)
    shuffled = one_to_one(left[order], right[order], scores[order])
    np.testing.assert_array_equal(kept[order], shuffled)


def grouped(rows, links, odds_of):
    """Entities of rows by links (row, row), with the log-odds that a function gives for two rows."""
    compare = lambda one, other: np.asarray([odds_of(a, b) for a, b in zip(one, other, strict=True)], float)  # noqa: E731
    left, right = np.asarray(links).reshape(-1, 2).T
    return entities(rows, left, right, compare(left, right), 0.0, compare).tolist()


def test_rows_that_all_match_are_one_entity():
    assert grouped(6, [(1, 2), (2, 4), (1, 4)], lambda a, b: 5) == [0, 1, 1, 3, 1, 5]


def test_one_weak_link_does_not_join_two_groups():
    def odds(a, b):
        return 8 if (a < 3) == (b < 3) else (2 if {a, b} == {2, 3} else -10)

    assert grouped(6, [(0, 1), (1, 2), (0, 2), (2, 3), (3, 4), (4, 5)], odds) == [0, 0, 0, 3, 3, 3]


def test_nor_does_one_sure_link():
    def odds(a, b):
        return 8 if (a < 3) == (b < 3) else (100 if {a, b} == {2, 3} else -10)

    found = grouped(6, [(0, 1), (0, 2), (1, 2), (2, 3), (3, 4), (3, 5), (4, 5)], odds)
    assert max(np.bincount(found)) <= 3


def test_a_chain_of_strangers_breaks():
    found = grouped(40, [(row, row + 1) for row in range(39)], lambda a, b: 3 if abs(a - b) == 1 else -20)
    assert max(np.bincount(found)) == 2


def test_a_link_that_was_not_a_candidate_is_made_up_for_by_the_others():
    # 0 and 3 were never compared, but all that are say the same
    assert grouped(4, [(0, 1), (1, 2), (2, 3)], lambda a, b: 4) == [0, 0, 0, 0]


def test_large_groups_are_one_without_comparing_all_pairs():
    compared = []
    compare = lambda one, other: compared.append(len(one)) or np.full(len(one), 6.0)  # noqa: E731
    rows = 300
    left = np.arange(rows - 1)
    found = entities(rows, left, left + 1, np.full(rows - 1, 6.0), 0.0, compare)
    assert not found.any()
    assert sum(compared) < 100 * rows


def test_a_star_of_many_rows_takes_few_rounds():
    calls = []
    compare = lambda one, other: calls.append(len(one)) or np.full(len(one), 6.0)  # noqa: E731
    rows = 5_000
    found = entities(rows, np.zeros(rows - 1, np.int64), np.arange(1, rows), np.linspace(9, 8, rows - 1), 0.0, compare)
    assert not found.any()
    assert len(calls) < 200  # one row a round would be 5,000
    refused = lambda one, other: np.where((one % 2) == (other % 2), 6.0, -60.0)  # noqa: E731
    links = np.arange(1, rows)
    odd = entities(rows, links % 2, links, np.where(links > 1, 8.0, -60.0), 0.0, refused)
    np.testing.assert_array_equal(odd, np.arange(rows) % 2)


def test_entities_keep_their_names_when_rows_are_added_at_the_end():
    same = {0: 0, 1: 0, 2: 2, 3: 2, 4: 0, 5: 5}
    links = [(a, b) for a in range(6) for b in range(a + 1, 6) if same[a] == same[b]]
    odds = lambda a, b: 5 if same[a] == same[b] else -5  # noqa: E731
    before = grouped(4, [link for link in links if max(link) < 4], odds)
    assert grouped(6, links, odds)[:4] == before == [0, 0, 2, 2]


def test_no_links_leave_each_row_alone():
    assert grouped(3, [], lambda a, b: 0) == [0, 1, 2]


def ranked(rng, rows, matching):
    """Candidates of rows, ten each: strangers by chance, and of some rows one that is far nearer."""
    cosine = rng.normal(0.3, 0.08, size=(rows, 10))
    cosine[:matching, 0] = rng.normal(0.9, 0.05, size=matching)
    return cosine.ravel(), np.repeat(np.arange(rows), 10), np.tile(np.arange(10) == 0, rows)


def test_a_rows_best_beside_chance_tells_matches(rng):
    cosine, rows, first = ranked(rng, 2000, 1200)
    fitted = RankedCosine.estimate(cosine, [rows])
    found = fitted.probability(cosine, [rows])
    match = first & (rows < 1200)
    assert found[match].mean() > 0.95
    assert found[~match].mean() < 0.05
    assert found.sum() == pytest.approx(1200, rel=0.1)


def test_strangers_alone_are_hardly_ever_called_matches(rng):
    cosine, rows, _ = ranked(rng, 2000, 0)
    found = RankedCosine.estimate(cosine, [rows]).probability(cosine, [rows])
    assert (found > 0.5).mean() < 0.005


def test_two_kinds_of_strangers_are_not_taken_for_matches_and_it_is_said(rng):
    """EM finds two kinds in anything; where neither agrees, the cosine decides."""
    agreement = rng.uniform(0, 0.5, size=(20_000, 4)).astype(np.float32)
    agreement[rng.random(20_000) < 0.4, 0] = 1  # a frequent value that many have
    cosine, rows, _ = ranked(rng, 2000, 0)
    scorer = Scorer.estimate(list("abcd"), agreement, cosine.__getitem__, [rows])
    scored = scorer.score(agreement, cosine.__getitem__, [rows])
    assert scorer.fields is None
    assert "by the cosine alone" in scored.notes[0]
    assert not (scored.probability >= scored.threshold).any()
    again = Scorer.from_config(scorer.get_config()).score(agreement, cosine.__getitem__, [rows])
    np.testing.assert_array_equal(again.log_odds, scored.log_odds)
    assert again.threshold == scored.threshold


def test_chance_is_learnt_from_some_rows_where_there_are_many_pairs(rng, monkeypatch):
    cosine, rows, first = ranked(rng, 4000, 2400)
    monkeypatch.setattr(scorers, "_COMPARED", 20_000)
    asked = []
    cosines = lambda pairs: asked.append(len(pairs)) or cosine[pairs]  # noqa: E731
    nothing = np.zeros((len(cosine), 0), np.float32)
    scorer = Scorer.estimate([], nothing, cosines, [rows], seed=3)
    assert asked[0] < 25_000
    assert "chosen by the seed" in scorer.notes[1]
    assert scorer.matches == pytest.approx(2400, rel=0.15)
    found = scorer.score(nothing, cosines, [rows]).probability
    match = first & (rows < 2400)
    assert found[match].mean() > 0.95
    assert found[~match].mean() < 0.05


@pytest.mark.parametrize("pairs", [0, 1, 5])
def test_too_few_pairs_are_judged_by_their_cosine_and_that_is_said(pairs):
    agreement, cosine = np.ones((pairs, 2), np.float32), np.linspace(0.2, 0.9, pairs)
    rows = [np.arange(pairs)]
    scored = Scorer.estimate(["a", "b"], agreement, cosine.__getitem__, rows).score(agreement, cosine.__getitem__, rows)
    np.testing.assert_allclose(scored.probability, cosine)
    assert "too few to weigh fields by" in scored.notes[0]
