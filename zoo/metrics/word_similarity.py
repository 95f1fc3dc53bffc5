"""Agreement with people's judgements of how similar words are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._vectors import is_finite, paired_cosines, vectors
from zoo.metrics._weighted import spearman, undefined
from zoo.word_pairs import read_word_pairs

if TYPE_CHECKING:
    from zoo.types import Doubles, Representation, Rows, Splits

_LEAST, _WANTED = 3, 10  # pairs: for a rank correlation at all, and for one with an interval


class WordSimilarity:
    """Spearman's rho between the cosine of two words' vectors and people's score of the pair.

    Only pairs whose words are both held out count, so that no word is judged that training has seen: name the set in
    `data.holdout`, which puts all its words into the test split. Pairs with an unknown word are left out.

    Args:
        pairs: `wordsim353`, `simlex999`, or a tab-separated file of word, word, score.

    Reference:
        Finkelstein et al. 2002 (WordSim-353); Hill, Reichart and Korhonen 2015 (SimLex-999).
    """

    unit = "Spearman's rho"
    higher_is_better = True
    limits = (-1.0, 1.0)

    def __init__(self, pairs: str) -> None:
        self.pairs = pairs

    def shortage(self, splits: Splits) -> str:
        """Too few pairs whose words are both held out."""
        found = len(self._pairs(splits, splits.test))
        if found >= _WANTED:
            return ""
        judged = "which hardly give an interval" if found >= _LEAST else "too few for a value"
        words = f"{found} pairs of {self.pairs} have both words held out"
        return f"{words}, {judged}; {self._cure(splits, found)}"

    def _cure(self, splits: Splits, found: int) -> str:
        """What can be done about too few pairs."""
        there = len(self._pairs(splits, np.arange(len(splits))))
        if not there:
            return "no pair has both words among the keys of the table: leave the metric out, unless its keys are words"
        if there == found:
            return "the table has no more of them: give more words"
        if splits.provenance.get("source") == "WordVectors":
            return f"data.holdout=[{self.pairs}] holds out all that there are"
        return f"read by data._target_=zoo.data.WordVectors, data.holdout=[{self.pairs}] holds out all {there}"

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[pairs, 2]: cosine and score; None without keys, or with fewer than 3 pairs held out."""
        pairs = self._pairs(splits, splits.test)
        if len(pairs) < _LEAST:
            return None
        rows, places = np.unique([pair[:2] for pair in pairs], return_inverse=True)
        codes = vectors(representation, rows)
        first, second = places.reshape(-1, 2).T
        cosines = paired_cosines(codes, first, second) if is_finite(codes) else np.full(len(pairs), np.nan)
        return np.column_stack([cosines, [pair[2] for pair in pairs]])

    def members(self, splits: Splits) -> Rows:
        """See `zoo.types.Dyadic`: the row numbers of the two words [pairs, 2]."""
        return np.asarray([pair[:2] for pair in self._pairs(splits, splits.test)], np.int64).reshape(-1, 2)

    def _pairs(self, splits: Splits, among: Rows) -> list[tuple[int, int, float]]:
        """Row numbers and score of each pair whose words are both among the rows of these numbers."""
        if splits.keys is None:
            return []
        known = read_word_pairs(self.pairs)
        wanted = known.words()
        rows = {str(splits.keys[row]): int(row) for row in among if splits.keys[row] in wanted}
        return [
            (rows[first], rows[second], float(score))
            for first, second, score in zip(known.first, known.second, known.scores, strict=True)
            if first in rows and second in rows
        ]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """Spearman's rho of [pairs, 2]; NaN if one column is constant, or codes are not finite."""
        nothing = undefined(values, weights)
        return spearman(values, weights) if nothing is None else nothing
