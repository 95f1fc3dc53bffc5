"""How well the fields of two records agree, each from 0 to 1."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.fellegi_sunter import BOTH_MISSING, ONE_MISSING
from zoo.matching.ngrams import counted_ngrams

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.matching.arrays import Ints, Reals, Truths
    from zoo.matching.field_values import FieldValues

_AT_A_TIME = 1 << 16  # pairs of values whose n-grams are side by side in memory
_PAIRS = 1 << 21  # of rows at a time
_SWAPPED = 0.9  # two fields that stand in each other's place, and days in the place of months


class Agreement:
    """Compares a field's values.

    - text: the cosine of character 2- and 3-grams, each weighted by how rare it is among the rows of both tables
      (TF-IDF); 1 where the plain texts are the same.
    - category: 1 where they are the same, else 0.
    - number: exp of minus their difference, in units of the typical difference of two numbers of the column (median).
    - date: 1 where they are the same, 0.9 where day and month are swapped, else the cube of the share of digits (of
      DDMMYYYY) that are the same; mistyped dates are texts.

    Args:
        values: the field's.
    """

    def __init__(self, values: FieldValues) -> None:
        self.values = values

    def of_pairs(self, left: Ints, right: Ints) -> Reals:
        """[pairs] of the rows `left` and `right`: 0 to 1, `ONE_MISSING` or `BOTH_MISSING`."""
        one, other = self.values.left[left], self.values.right[right]
        empty = (one < 0).astype(np.int8) + (other < 0)
        found = np.where(empty == 2, BOTH_MISSING, ONE_MISSING).astype(np.float32)
        there = np.flatnonzero(empty == 0)
        found[there] = self._of_values(one[there], other[there])
        return found

    def _of_values(self, one: Ints, other: Ints) -> Reals:
        result = (one == other).astype(np.float32)
        different = np.flatnonzero(one != other)
        if self.values.kind == "category" or not len(different):
            return result
        count = np.int64(len(self.values.texts))
        key = np.minimum(one, other)[different] * count + np.maximum(one, other)[different]
        pairs, place = np.unique(key, return_inverse=True)  # names repeat: each pair of values is compared once
        kinds = {"number": self._numbers, "date": self._dates}
        compare = kinds.get(self.values.kind, self._texts)
        parts = [
            compare(*np.divmod(pairs[start : start + _AT_A_TIME], count)) for start in range(0, len(pairs), _AT_A_TIME)
        ]
        result[different] = np.concatenate(parts)[place]
        return result

    def _texts(self, one: Ints, other: Ints) -> Reals:
        product = self._tf_idf[one].multiply(self._tf_idf[other])
        return np.clip(np.asarray(product.sum(axis=1)).ravel(), 0, 1).astype(np.float32)

    def _numbers(self, one: Ints, other: Ints) -> Reals:
        numbers = self.values.numbers
        with np.errstate(over="ignore"):
            return np.exp(-np.abs(numbers[one] - numbers[other]) / self._scale).astype(np.float32)

    def _dates(self, one: Ints, other: Ints) -> Reals:
        dates = self.values.numbers
        first, second = dates[one], dates[other]
        swapped = (first[:, 0] == second[:, 1]) & (first[:, 1] == second[:, 0]) & (first[:, 2] == second[:, 2])
        share = (_digits(first) == _digits(second)).mean(axis=1)
        same = (first == second).all(axis=1)  # written otherwise: 1990-05-05 and 05/05/1990
        found = np.where(same, 1.0, np.where(swapped, _SWAPPED, share**3)).astype(np.float32)
        mistyped = np.flatnonzero((first[:, 2] == 0) | (second[:, 2] == 0))
        if len(mistyped):
            found[mistyped] = self._texts(one[mistyped], other[mistyped])
        return found

    @cached_property
    def _tf_idf(self) -> Any:
        """[values, n-grams], rows of length 1."""
        counts, _ = counted_ngrams(self.values.texts)
        rows = self._rows_of_values()
        seen = np.bincount(counts.indices, np.repeat(rows, np.diff(counts.indptr)), counts.shape[1])
        idf = np.log((1 + rows.sum()) / (1 + seen)) + 1  # as scikit-learn smooths it
        weighted = counts.multiply(idf.astype(np.float32)[None, :]).tocsr()
        length = np.sqrt(weighted.multiply(weighted).sum(axis=1))
        weighted.data /= np.repeat(np.maximum(np.asarray(length).ravel(), 1e-12), np.diff(weighted.indptr))
        return weighted

    def _rows_of_values(self) -> Reals:
        sides = [self.values.left] if self.values.is_single_table else [self.values.left, self.values.right]
        all_values = np.concatenate(sides)
        return np.bincount(all_values[all_values >= 0], minlength=len(self.values.texts)).astype(np.float64)

    @cached_property
    def hashes(self) -> Ints:
        """[values] of the texts; of one process: compared, never kept."""
        return np.fromiter(map(hash, self.values.texts), np.int64, len(self.values.texts))

    @cached_property
    def _scale(self) -> float:
        """The median difference of the column's numbers and what stands half the column further on, sorted or not."""
        numbers = np.sort(self.values.numbers[np.isfinite(self.values.numbers)])
        apart = np.abs(numbers - np.roll(numbers, len(numbers) // 2)) if len(numbers) > 1 else np.ones(1)
        return float(np.median(apart)) / 4 or 1.0


def agreements(fields: Sequence[Agreement], left: Ints, right: Ints) -> Reals:
    """How well each field agrees, [pairs, fields], of the rows `left` and `right`: see `Agreement.of_pairs`.

    Two fields of text that hold each other's value (a surname as given name and the other way round) agree by 0.9.
    """
    found = np.empty((len(left), len(fields)), np.float32)
    for place, field in enumerate(fields):
        for start in range(0, len(left), _PAIRS):
            block = slice(start, start + _PAIRS)
            found[block, place] = field.of_pairs(left[block], right[block])
    texts = [place for place, field in enumerate(fields) if field.values.kind == "text"]
    hashes = {place: fields[place].hashes for place in texts} if len(texts) > 1 else {}
    for i, one in enumerate(texts):
        for other in texts[i + 1 :]:
            swapped = np.flatnonzero(
                _same(hashes[one], fields[one].values.left[left], hashes[other], fields[other].values.right[right])
                & _same(hashes[other], fields[other].values.left[left], hashes[one], fields[one].values.right[right])
            )
            for place in (one, other):
                found[swapped, place] = np.maximum(found[swapped, place], _SWAPPED)
    return found


def _same(one: Ints, left: Ints, other: Ints, right: Ints) -> Truths:
    if not len(one) or not len(other):
        return np.zeros(len(left), bool)
    return np.asarray((left >= 0) & (right >= 0) & (one[left] == other[right]))


def _digits(dates: Ints) -> Ints:
    """[pairs, 8] of DDMMYYYY."""
    day, month, year = dates.T
    return np.stack(
        [day // 10, day % 10, month // 10, month % 10, *(year // unit % 10 for unit in (1000, 100, 10, 1))], axis=1
    )
