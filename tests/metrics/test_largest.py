import numpy as np
import pytest

from zoo.metrics._largest import places_of_largest


@pytest.mark.parametrize(
    ("shape", "k"), [((50, 2000), 10), ((7, 321), 10), ((5, 30), 10), ((4, 11), 10), ((3, 1000), 1), ((6, 400), 50)]
)
@pytest.mark.parametrize("kind", ["distinct", "five values", "all alike", "own place out", "some NaN"])
def test_the_largest_are_those_that_sorting_puts_last(shape, k, kind):
    random = np.random.default_rng(0)
    numbers = random.standard_normal(shape).astype(np.float32)
    if kind == "five values":
        numbers = random.integers(5, size=shape).astype(float)
    elif kind == "all alike":
        numbers[:] = 0.25
    elif kind == "own place out":
        numbers[np.arange(len(numbers)), np.arange(len(numbers))] = -np.inf
    elif kind == "some NaN":
        numbers[0, ::3] = np.nan

    places = places_of_largest(numbers, k)

    np.testing.assert_array_equal(np.sort(np.take_along_axis(numbers, places, axis=1)), np.sort(numbers)[:, -k:])
    assert [len(set(row)) for row in places.tolist()] == [k] * len(numbers)
