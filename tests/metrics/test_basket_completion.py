"""Missing items, against a search by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from zoo.metrics.basket_completion import BasketCompletion, _taken_out
from zoo.rows import ItemRows, RecordRows
from zoo.types import Splits


@pytest.fixture
def baskets(rng):
    """300 baskets of 12 items, in two tastes; 200 to train, 100 to test, one of them empty and one of one item."""
    chances = np.where(np.arange(12) < 6, 0.5, 0.08)
    chances = np.where(rng.integers(0, 2, size=(300, 1)), chances, chances[::-1])
    held = (rng.random((300, 12)) < chances).astype(np.float32)
    held[200], held[201] = 0, np.eye(12)[4]
    rows = np.arange(300)
    return Splits(sparse.csr_array(held), train=rows[:200], validation=rows[:0], test=rows[200:])


@pytest.fixture
def dense(codes):
    """Codes of 3 dimensions."""
    matrix = np.random.default_rng(5).normal(size=(12, 3)).astype(np.float32)
    return codes(lambda rows: rows @ matrix)


def by_hand(baskets, representation, k, at, rest, missing, references):
    def code(rows):
        found = representation.function(sparse.csr_array(rows))
        return (found.toarray() if sparse.issparse(found) else found).astype(np.float64)

    known = baskets.features[baskets.train[:references]].toarray()
    others = code(known)
    hits = []
    for row, item in zip(rest, missing, strict=True):
        own = code(row[None])[0]
        lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(own)
        cosines = np.round(others @ own / np.where(lengths > 0, lengths, 1), 10)
        voters = [other for other in range(len(known)) if (known[other] > row).any()]  # it holds something else
        near = sorted(voters, key=lambda other: (-cosines[other], other))[:k]
        votes = np.round(sum(max(cosines[other], 0) * known[other] for other in near), 8)
        offered = sorted((-votes[each], each) for each in range(12) if votes[each] > 0 and not row[each])
        hits.append(item in [each for _, each in offered[:at]])
    return hits


@pytest.mark.parametrize("kind", ["raw", "dense"])
@pytest.mark.parametrize(("k", "at", "references"), [(20, 3, 10_000), (5, 1, 60)])
def test_it_is_the_share_of_missing_items_that_near_baskets_suggest(kind, k, at, references, baskets, request, once):
    representation = request.getfixturevalue(kind)
    metric = BasketCompletion(k=k, at=at, queries=80, references=references, seed=3)
    rest, missing = _taken_out(baskets.features[metric.row_numbers(baskets)], 3)
    expected = by_hand(baskets, representation, k, at, rest.toarray(), missing, references)
    np.testing.assert_array_equal(metric.values(representation.on(baskets), baskets), expected)
    assert len(expected) == 80
    assert 0.05 < once(metric, representation, baskets) < 1


def test_one_item_is_taken_out_of_each_basket_of_two_or_more(baskets):
    before = baskets.features[baskets.test].toarray()
    before = before[before.sum(axis=1) >= 2][:50]
    asked = baskets.features[BasketCompletion(k=5, queries=50).row_numbers(baskets)]
    rest, missing = _taken_out(asked.copy(), 0)
    np.testing.assert_array_equal(before - rest.toarray(), np.eye(12)[missing])
    assert (_taken_out(asked.copy(), 1)[1] != missing).any()
    assert set(missing) == set(range(12))


def test_the_table_stays_as_it_is(baskets, raw):
    before = baskets.features.toarray()
    BasketCompletion(k=5).values(raw.on(baskets), baskets)
    everything = replace(baskets, test=np.arange(300))
    BasketCompletion(k=5).values(raw.on(everything), everything)
    np.testing.assert_array_equal(baskets.features.toarray(), before)


def test_it_applies_to_baskets_only(baskets, raw, dense, codes, once):
    assert BasketCompletion().values(raw, replace(baskets, features=baskets.features.toarray())) is None
    fields = {"colour": ("red",) * 6, "shape": ("round",) * 6}
    assert BasketCompletion().values(raw, replace(baskets, kind=RecordRows(fields))) is None
    named = replace(baskets, kind=ItemRows(("x",) * 12))
    assert BasketCompletion().values(raw.on(named), named) is not None
    assert BasketCompletion(k=201).values(raw, baskets) is None
    assert BasketCompletion().values(raw, replace(baskets, test=np.asarray([200, 201]))) is None
    broken = codes(lambda rows: dense.function(rows) * np.nan)
    assert np.isnan(once(BasketCompletion(), broken, baskets))
