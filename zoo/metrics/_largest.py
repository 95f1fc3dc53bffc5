"""The largest numbers of each row, many times as fast as sorting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.types import Doubles, Floats, Rows

_GROUPS = 32  # for each number that is wanted of a row


def places_of_largest(numbers: Floats | Doubles, k: int) -> Rows:
    """Which k numbers [rows, k] of each row [rows, columns] are the largest, in no order; of equal ones, any.

    `numpy.argpartition` moves every number of a row. Here each row is cut into many more groups than numbers are
    wanted: the k-th largest of the groups' maxima is no larger than the k-th largest number, and few others reach it.
    Finding both takes a pass each.
    """
    rows, columns = numbers.shape
    groups = min(_GROUPS * k, columns // 2)
    if k >= groups:
        return _partitioned(numbers, k)
    whole = columns // groups * groups
    maxima = numbers[:, :whole].reshape(rows, columns // groups, groups).max(axis=1)
    least = np.partition(maxima, -k, axis=1)[:, -k]
    row, place = np.divmod(np.flatnonzero(numbers >= least[:, None]), columns)  # `nonzero` of a matrix is slow
    counts = np.bincount(row, minlength=rows)
    if counts.min() < k or counts.max() > groups:  # numbers that are not numbers; or more equal ones than pay
        return _partitioned(numbers, k)
    if counts.max() == k:
        return place.reshape(rows, k)
    column = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    reached = np.full((rows, counts.max()), -np.inf, numbers.dtype)
    reached[row, column] = numbers[row, place]
    places = np.zeros(reached.shape, np.int64)
    places[row, column] = place
    return np.take_along_axis(places, _partitioned(reached, k), axis=1)


def _partitioned(numbers: Floats | Doubles, k: int) -> Rows:
    return np.argpartition(numbers, -k, axis=1)[:, -k:]
