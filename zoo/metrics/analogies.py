"""Whether differences of codes mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._analogy_questions import read_questions
from zoo.metrics._key_table import held_out_places, no_keys, rows_by_key
from zoo.metrics._vectors import is_finite, products, unit, vectors
from zoo.metrics._weighted import mean
from zoo.tables.words import count

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits

_WANTED = 10  # questions, below which an interval says little
_ASKED = 256  # questions at a time: with 20,000 words, 41 MB
_ROUNDING = 1e-10  # cosines that differ by less are equal


class Analogies:
    """Share of questions "a is to b as c is to ?" answered right: of all rows, d is nearest to b - a + c by cosine.

    Codes are taken at length 1; a, b and c are no answers (without that rule most answers would be c). The answer is
    sought among the table's first rows, which are the commonest words where a table is in order of frequency, and must
    be held out; a, b and c may be rows that training has seen. Of answers at equal cosine each is given its share.

    Args:
        questions: `google`, the 19,544 of Mikolov et al.; or a file: four words a line, lines that begin with a colon
            naming sections, as theirs; or a table of four columns. A word that is no key is looked up in lower case.
        among: rows to seek the answer among; questions with a word outside of them are left out.
        held_out: whether the answer must be held out; False asks every question.

    Reference:
        Mikolov, Yih and Zweig 2013, "Linguistic regularities in continuous space word representations"; called
        3CosAdd by Levy and Goldberg 2014.
    """

    unit = "share"
    higher_is_better = True
    limits = (0.0, 1.0)

    def __init__(self, questions: str = "google", among: PositiveInt = 20_000, held_out: bool = True) -> None:
        self.questions, self.among, self.held_out = questions, among, held_out
        self.ignores_splits = not held_out
        self._read: tuple[Splits, Rows] | None = None

    def shortage(self, splits: Splits) -> str:
        """Too few questions whose words are all there, and whose answer is held out."""
        found = len(self.members(splits))
        if found >= _WANTED:
            return ""
        which = " and an answer that is held out" if self.held_out else ""
        there = f"{count(found, 'question')} of {self.questions} have all words among the first rows{which}"
        return no_keys(splits) or f"{there}; at least {_WANTED} are wanted"

    def members(self, splits: Splits) -> Rows:
        """See `zoo.types.Dyadic`: the row numbers of the four words [questions, 4]."""
        if self._read is None or self._read[0] is not splits:
            self._read = (splits, self._find(splits))
        return self._read[1]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[questions] 1 or 0, or the share of an answer among equally near ones; None without a question."""
        asked = self.members(splits)
        if not len(asked):
            return None
        codes = vectors(representation, np.arange(min(self.among, len(splits))))
        if not is_finite(codes):
            return np.full(len(asked), np.nan)
        words = unit(codes)
        blocks = [asked[start : start + _ASKED] for start in range(0, len(asked), _ASKED)]
        return np.concatenate([_right(words, each) for each in blocks])

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _find(self, splits: Splits) -> Rows:
        rows, held_out = rows_by_key(splits), held_out_places(splits)
        last = min(self.among, len(splits))
        found = [
            [rows.get(word, rows.get(word.lower(), last)) for word in each] for each in read_questions(self.questions)
        ]
        numbers = np.asarray(found, np.int64).reshape(-1, 4)
        numbers = numbers[(numbers < last).all(axis=1)]
        numbers = numbers[[len(set(each)) == 4 for each in numbers.tolist()]]
        return numbers[held_out[numbers[:, 3]]] if self.held_out else numbers


def _right(words: Matrix, asked: Rows) -> Doubles:
    """The share [questions] of each answer among the nearest of the words [n, dimensions] at length 1."""
    sought = unit(words[asked[:, 1]] - words[asked[:, 0]] + words[asked[:, 2]])
    similarities, here = products(sought, words), np.arange(len(asked))
    for column in range(3):
        similarities[here, asked[:, column]] = -np.inf
    least = similarities.max(axis=1) - _ROUNDING
    right = (similarities[here, asked[:, 3]] >= least).astype(np.float64)
    hit = np.flatnonzero(right)
    right[hit] /= (similarities[hit] >= least[hit, None]).sum(axis=1)
    return right
