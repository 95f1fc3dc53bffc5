import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.data._key_split import key_positions, split_by_key

unique_keys = st.lists(st.text(max_size=8), min_size=1, max_size=60, unique=True)


def by_key(keys, **options):
    splits = split_by_key(keys, **{"validation": 0.2, "test": 0.3} | options)
    return {keys[row]: number for number, rows in enumerate(splits) for row in rows}


def test_a_position_is_the_keys_digest_as_a_fraction():
    keys = ["the", "Zoë", ""]
    expected = [int.from_bytes(hashlib.blake2b(k.encode(), digest_size=8).digest(), "big") / 2**64 for k in keys]
    assert key_positions(keys) == pytest.approx(expected, abs=2**-52)


def test_positions_of_known_keys_never_change():
    # Written down from the first version: another hash would move words that a model was trained on into its test.
    assert key_positions(["the", "king"]) == pytest.approx([0.37052413368709564, 0.6280276666757111], abs=1e-15)


def test_lone_surrogates_have_a_position():
    assert 0 <= key_positions(["\ud800"])[0] < 1


@settings(max_examples=60, deadline=None)
@given(unique_keys, st.lists(st.text(max_size=8), max_size=30), st.randoms())
def test_rows_that_are_added_or_moved_never_move_an_old_key(old, more, random):
    grown = list(dict.fromkeys([*old, *more]))
    random.shuffle(grown)
    before, after = by_key(old), by_key(grown)
    assert {key: after[key] for key in old} == before


@settings(max_examples=60, deadline=None)
@given(unique_keys, st.floats(0, 0.5), st.floats(0, 0.4))
def test_every_row_is_in_exactly_one_split(keys, validation, test):
    splits = split_by_key(keys, validation=validation, test=test)
    assert sorted(np.concatenate(splits)) == list(range(len(keys)))


def test_fractions_are_met():
    keys = [str(number) for number in range(20_000)]
    train, validation, test = split_by_key(keys, validation=0.05, test=0.10)
    # Five standard deviations of a binomial count are 154 and 212.
    assert len(validation) == pytest.approx(1000, abs=154)
    assert len(test) == pytest.approx(2000, abs=212)
    assert len(train) == 20_000 - len(validation) - len(test)


def test_more_validation_leaves_the_test_rows_where_they_are():
    keys = [str(number) for number in range(500)]
    few, many = (split_by_key(keys, validation=share, test=0.2) for share in (0.1, 0.4))
    assert few[2].tolist() == many[2].tolist()
    assert set(few[1]) < set(many[1])


def test_held_out_keys_are_in_test_and_move_no_other():
    keys = [str(number) for number in range(200)]
    before = by_key(keys)
    held = {key for key in keys if before[key] == 0} & {str(number) for number in range(50)}
    assert len(held) > 10
    after = by_key(keys, holdout=held | {"not in the table"})
    assert all(after[key] == 2 for key in held)
    assert {key: after[key] for key in keys if key not in held} == {key: before[key] for key in keys if key not in held}
