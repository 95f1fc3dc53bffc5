"""Whether test rows are among those that an encoder was trained on, and whether that can be told."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.stages.row_digests import doubts, known_rows, write_training_keys


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training_keys.npy"


@pytest.mark.parametrize("named", [True, False])
def test_rows_are_known_by_their_keys_or_by_what_they_hold(named, splits, path):
    splits = splits if named else replace(splits, keys=None)
    write_training_keys(path, splits)
    assert known_rows(path, splits) == 0
    assert not list(doubts("it", path, splits))
    moved = replace(splits, train=splits.test, validation=splits.test[:0], test=splits.train[:30])
    assert known_rows(path, moved) == 30
    (said,) = doubts("it", path, moved)
    assert said.startswith("it was trained or chosen on 30 of today's 30 test rows")


def test_what_goes_by_other_things_cannot_be_told(splits, path):
    write_training_keys(path, splits)
    unnamed = replace(splits, keys=None)
    assert known_rows(path, unnamed) is None
    (said,) = doubts("it", path, unnamed)
    assert said.startswith("whether it was trained on today's test rows cannot be told")
    write_training_keys(path, unnamed)
    assert known_rows(path, splits) is None
    assert known_rows(path, replace(unnamed, features=splits.features[:, :5])) is None


def test_a_record_that_does_not_say_of_what_it_is_tells_by_a_match_alone(splits, path):
    write_training_keys(path, splits)
    np.save(path, np.load(path)["keys"])
    moved = replace(splits, train=splits.test, validation=splits.test[:0], test=splits.train[:30])
    assert known_rows(path, moved) == 30
    assert known_rows(path, splits) is None
    path.write_bytes(b"nothing")
    assert known_rows(path, splits) is None
    assert "has kept no record" in next(doubts("it", None, splits))
