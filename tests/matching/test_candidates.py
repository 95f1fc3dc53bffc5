import numpy as np
import pyarrow as pa
import pytest

from zoo.errors import InputError
from zoo.matching import nearest_codes
from zoo.matching.candidates import Pairs, near_pairs, sharing_pairs, together
from zoo.matching.field_values import FieldValues
from zoo.matching.nearest_codes import NearestCodes, cosines_of_pairs, unit_codes


def found(codes, queries, k):
    pieces = list(NearestCodes(codes).search(queries, k))
    return np.concatenate([rows for rows, _ in pieces]), np.concatenate([cosines for _, cosines in pieces])


def brute_force(codes, queries, k):
    """By falling cosine, then by row."""
    cosines = unit_codes(queries) @ unit_codes(codes).T
    return np.lexsort((np.broadcast_to(np.arange(len(codes)), cosines.shape), -np.round(cosines, 5)), axis=1)[:, :k]


def test_the_nearest_are_those_of_brute_force(rng):
    codes, queries = (rng.normal(size=(n, 8)).astype(np.float32) for n in (500, 60))
    rows, cosines = found(codes, queries, 7)
    np.testing.assert_array_equal(rows, brute_force(codes, queries, 7))
    expected = np.take_along_axis(unit_codes(queries) @ unit_codes(codes).T, rows, axis=1)
    np.testing.assert_allclose(cosines, expected, atol=1e-5)


def test_equal_codes_come_in_the_order_of_the_table(rng):
    codes = np.repeat(rng.normal(size=(12, 4)), 15, axis=0)[rng.permutation(180)].astype(np.float32)
    rows, _ = found(codes, codes[:40], 20)
    np.testing.assert_array_equal(rows, brute_force(codes, codes[:40], 20))


def test_fewer_rows_than_k_and_rows_of_zeros(rng):
    codes = rng.normal(size=(4, 3)).astype(np.float32)
    codes[2] = 0
    rows, cosines = found(codes, codes, 6)
    assert sorted(rows[0].tolist()) == [-1, -1, -1, 0, 1, 3]
    assert (rows[2] == -1).all()
    assert np.isneginf(cosines[rows < 0]).all()


def test_all_rows_the_same():
    rows, _ = found(np.ones((50, 3), np.float32), np.ones((2, 3), np.float32), 4)
    assert rows.tolist() == [[0, 1, 2, 3]] * 2


def test_codes_that_are_not_finite_are_refused():
    codes = np.ones((3, 2), np.float32)
    codes[1, 0] = np.nan
    with pytest.raises(InputError, match=r"codes of 1 rows hold NaN or infinity, the first of row 1"):
        NearestCodes(codes)


def test_many_codes_are_searched_by_lists_and_alike_each_time(rng, monkeypatch):
    monkeypatch.setattr(nearest_codes, "EXACT", 1000)
    centres = rng.normal(size=(100, 16))
    codes = (centres[rng.integers(100, size=5000)] + 0.1 * rng.normal(size=(5000, 16))).astype(np.float32)
    assert not NearestCodes(codes).exact
    rows, _ = found(codes, codes[:200], 10)
    again, _ = found(codes, codes[:200], 10)
    np.testing.assert_array_equal(rows, again)
    exact = brute_force(codes, codes[:200], 10)
    recall = np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), exact.tolist(), strict=True)])
    assert recall > 0.95


def test_cosines_of_pairs(rng):
    codes = unit_codes(rng.normal(size=(20, 5)))
    one, other = rng.integers(20, size=(2, 50))
    np.testing.assert_allclose(cosines_of_pairs(codes, codes, one, other), (codes @ codes.T)[one, other], atol=1e-6)


def test_pairs_of_one_table_are_there_once():
    pairs = near_pairs([np.asarray([[0, 2], [1, 0]]), np.asarray([[2, 0], [-1, -1]])], single=True)
    assert list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)) == [(0, 1), (0, 2)]
    both = together(pairs, Pairs(np.asarray([0, 3]), np.asarray([2, 1])), single=True)
    assert list(zip(both.left.tolist(), both.right.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 3)]


def by_hand(left, right, most, *, single):
    """Pairs that share a value, by a loop."""
    shared = set()
    for value in set(left) - {None}:
        ones = [row for row, cell in enumerate(left) if cell == value]
        others = [row for row, cell in enumerate(right) if cell == value]
        if max(len(ones), len(others)) <= most:
            shared |= {
                (min(i, j), max(i, j)) if single else (i, j) for i in ones for j in others if not single or i != j
            }
    return sorted(shared)


@pytest.mark.parametrize("single", [True, False])
def test_rows_that_share_a_rare_value_are_candidates(rng, single):
    left = [None if cell == 0 else f"v{cell}" for cell in rng.integers(30, size=400).tolist()]
    left += ["common"] * 50 + [f"own{row}" for row in range(20)]
    right = left if single else left[::-2]
    values = FieldValues.of_columns("f", pa.array(left), None if single else pa.array(right))
    pairs = sharing_pairs([values], 10**9, single=single)
    found = list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert found == by_hand(left, right, 20, single=single)
    assert found


def test_the_rarest_values_come_first_where_there_is_no_room_for_all():
    cells = ["a"] * 2 + ["b"] * 3 + ["c"] * 10
    values = FieldValues.of_columns("f", pa.array(cells))
    sizes = [len(sharing_pairs([values], most, single=True)) for most in (0, 1, 3, 4, 48, 49)]
    assert sizes == [0, 1, 1, 4, 4, 49]
