"""What is resampled together: groups, and exact copies."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.evaluate._units import resampling_units
from zoo.metrics._copies import row_digests
from zoo.types import Splits


def table(rows, groups=None):
    order = np.arange(rows.shape[0])
    return Splits(rows, train=order[:0], validation=order[:0], test=order, groups=groups)


def same(units):
    """Which pairs of rows are one unit."""
    return units[:, None] == units


def test_rows_without_groups_or_copies_are_units_of_their_own(rng):
    assert len(np.unique(resampling_units(table(rng.normal(size=(20, 3)).astype(np.float32))))) == 20


def test_a_chain_of_groups_and_copies_is_one_unit(rng):
    rows = rng.normal(size=(7, 3)).astype(np.float32)
    rows[4] = rows[1]  # a copy of a row in another group
    units = resampling_units(table(rows, groups=np.asarray([10, 10, 11, 12, 12, 13, 13])))
    expected = np.asarray([0, 0, 1, 0, 0, 2, 2])
    np.testing.assert_array_equal(same(units), same(expected))


def test_only_held_out_rows_tie_units_together(rng):
    rows = rng.normal(size=(6, 3)).astype(np.float32)
    splits = replace(table(rows, groups=np.zeros(6, np.int64)), train=np.arange(3), test=np.arange(3, 6))
    assert len(np.unique(resampling_units(splits)[3:])) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_copies_have_one_digest(dtype, rng):
    rows = rng.integers(0, 3, size=(50, 3)).astype(dtype)
    digests = row_digests(table(rows), np.arange(50))
    np.testing.assert_array_equal(same(digests), (rows[:, None] == rows).all(axis=2))


def test_zeros_with_a_sign_and_zeros_that_are_kept_are_zeros():
    dense = np.asarray([[0.0, 1.0], [-0.0, 1.0]], np.float32)
    digests = row_digests(table(dense), np.arange(2))
    assert digests[0] == digests[1]
    data, columns, starts = np.asarray([2, 1, 1, 0, 2], np.float32), [0, 1, 1, 0, 1], [0, 1, 3, 5]
    kept = csr_array((data, columns, starts), shape=(3, 2))  # rows 1 and 2 are [0, 2], one in two parts, one with a 0
    digests = row_digests(table(kept), np.arange(3))
    assert digests[1] == digests[2] != digests[0]
