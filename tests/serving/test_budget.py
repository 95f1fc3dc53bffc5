"""Who may hold Python's lock for milliseconds."""

import threading

import pytest

from serving.bodies import Bodies
from serving.budget import LARGE, LARGEST, Budget, NotQuickError


def body_of(size):
    return b'{"instances": [' + b"1.5," * (size // 4) + b"1]}"


def read(size, *, is_quick=True):
    """Whether a body is read in the lane where it arrives."""
    with Budget(lambda: False, is_quick=is_quick):
        try:
            Bodies(LARGEST).predict(body_of(size), is_compressed=False)
        except NotQuickError:
            return False
    return True


@pytest.mark.parametrize(("size", "is_small"), [(1_000, True), (100_000, True), (300_000, False), (900_000, False)])
def test_one_middling_body_at_a_time_is_read_between_small_ones(size, is_small):
    begun, done, told = threading.Event(), threading.Event(), []

    def holds_on():
        with Budget(lambda: False, is_quick=True):
            Bodies(LARGEST).predict(body_of(500_000), is_compressed=False)
            begun.set()
            told.append(done.wait(20))

    other = threading.Thread(target=holds_on)
    other.start()
    assert begun.wait(20)
    beside = read(size)
    in_its_own_lane = read(size, is_quick=False)
    done.set()
    other.join()
    assert told == [True]
    assert beside is is_small
    assert in_its_own_lane
    assert read(size), "the turn was given back"


def test_a_large_one_is_read_in_the_other_lane():
    assert not read(LARGE + 1_000)
    assert read(LARGE + 1_000, is_quick=False)
