"""Agreement with scores of how similar two rows are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._key_table import (
    held_out_places,
    no_keys,
    not_in_table,
    numbers_of_keys,
    read_key_table,
    rows_by_key,
)
from zoo.metrics._vectors import is_finite, paired_cosines, vectors
from zoo.metrics._weighted import ratio, spearman

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits

_LEAST, _WANTED = 3, 10  # pairs of a set: for a rank correlation at all, and for one with an interval


class PairSimilarity:
    """Spearman's rho between the cosine of two rows' codes and a score of the pair, the mean over sets of pairs.

    Semantic similarity of sentences, products that were bought instead of each other, judgements of people: whatever a
    file says of pairs of keys. Pairs with a key that the table does not have are left out, and counted before training.

    Args:
        path: a table (CSV, TSV, Parquet, JSON lines) with a row for each pair.
        first: column of a pair's first key; None takes the first column that is not named for something else.
        second: column of its second key; None the next.
        score: column of the score, higher for more similar; None the next.
        sets: column that parts pairs into sets whose scores are not comparable; None takes all for one set.
        where: column -> what must stand in it for a pair to count, such as `{split: test}`.
        held_out: whether both rows must be held out. False counts pairs whose rows training has seen as well: right
            for codes that are made of the very rows they are fitted to, and then silent about new rows.
        pairs: about how many to look at most, since intervals compare each pair with each: of more, a sample that keeps
            the sets' shares, and three of each set at least, which is said before training.
        seed: of the sample.

    Reference:
        Agirre et al. 2016, "SemEval-2016 task 1: semantic textual similarity"; Spearman rather than Pearson after
        Reimers, Beyer and Gurevych 2016.
    """

    unit = "Spearman's rho"
    higher_is_better = True
    limits = (-1.0, 1.0)

    def __init__(
        self,
        path: str,
        first: str | None = None,
        second: str | None = None,
        score: str | None = None,
        sets: str | None = None,
        where: Mapping[str, str] | None = None,
        held_out: bool = True,
        pairs: PositiveInt = 5_000,
        seed: Seed = 0,
    ) -> None:
        self.pairs, self.seed = pairs, seed
        self.path, self.sets, self.where, self.held_out = path, sets, where, held_out
        self.first, self.second, self.score = first, second, score
        self.ignores_splits = not held_out
        self.columns = {"first": first, "second": second, "score": score}
        self._read: tuple[Splits, Doubles, str] | None = None

    def shortage(self, splits: Splits) -> str:
        """Keys that the table does not have, pairs that do not count, and too few that do."""
        return self._pairs(splits)[1]

    def members(self, splits: Splits) -> Rows:
        """See `zoo.types.Dyadic`: the row numbers of the two rows [pairs, 2]."""
        return self._pairs(splits)[0][:, :2].astype(np.int64)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[pairs, 3]: cosine, score, set; None where no set has 3 pairs."""
        pairs = self._pairs(splits)[0]
        if not len(pairs):
            return None
        rows, places = np.unique(pairs[:, :2].astype(np.int64), return_inverse=True)
        codes = vectors(representation, rows)
        first, second = places.reshape(-1, 2).T
        cosines = paired_cosines(codes, first, second) if is_finite(codes) else np.full(len(pairs), np.nan)
        return np.column_stack([cosines, pairs[:, 2:]])

    def strata(self, values: Doubles) -> Doubles:
        """The sets."""
        return values[:, 2]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean over the sets; NaN if codes are not finite, or their cosines are all the same."""
        if not np.isfinite(values).all():
            return np.full(len(weights), np.nan)
        found, known = np.zeros(len(weights)), np.zeros(len(weights))
        for each in np.unique(values[:, 2]):
            inside = values[:, 2] == each
            rho = _rho(values[inside, :2], weights[:, inside])
            found += np.nan_to_num(rho)
            known += np.isfinite(rho)
        return ratio(found, known)

    def _pairs(self, splits: Splits) -> tuple[Doubles, str]:
        """Rows, score and set [pairs, 4] of the pairs that count, set by set; and what is to be said of the others."""
        if self._read is None or self._read[0] is not splits:
            self._read = (splits, *self._find(splits))
        return self._read[1:]

    def _find(self, splits: Splits) -> tuple[Doubles, str]:
        roles = self.columns | ({"sets": self.sets} if self.sets else {})
        file = read_key_table(self.path, roles, where=self.where)
        keys, rows = [file.keys("first"), file.keys("second")], rows_by_key(splits)
        found = np.column_stack([numbers_of_keys(each, rows) for each in keys])
        sets = np.unique(file.keys("sets"), return_inverse=True)[1] if self.sets else np.zeros(len(file), np.int64)
        known = (found >= 0).all(axis=1)
        counts = known & held_out_places(splits)[found].all(axis=1) if self.held_out else known
        enough = np.bincount(sets[counts], minlength=sets.max() + 1)[sets] >= _LEAST
        usable = np.flatnonzero(counts & enough)
        usable = usable[np.argsort(sets[usable], kind="stable")]
        chosen = usable[self._sample(sets[usable])]
        pairs = np.column_stack([found, file.numbers("score"), sets])[chosen]
        said = _said(file.path, [key for each in keys for key in each], rows, known, counts, len(pairs))
        if len(pairs) < len(usable):
            said.append(f"{len(pairs):,} of {len(usable):,} pairs are looked at, a sample; pairs= says how many")
        return pairs, no_keys(splits) or "; ".join(said)

    def _sample(self, sets: Rows) -> Rows:
        """Places of the pairs to look at, among pairs of sets [n] in order: of each set its share, 3 at least."""
        if len(sets) <= self.pairs:
            return np.arange(len(sets))
        random = np.random.default_rng(self.seed)
        found = []
        for each in np.unique(sets):
            own = np.flatnonzero(sets == each)
            share = max(round(self.pairs * len(own) / len(sets)), _LEAST)
            found.append(np.sort(random.permutation(own)[:share]))
        return np.concatenate(found)


def _said(path: str, keys: list[str], rows: Mapping[str, int], known: Any, counts: Any, left: int) -> list[str]:
    lacking = not_in_table(keys, rows, "pairs")
    seen = int(known.sum() - counts.sum())
    parts = [f"{path}: {lacking}"] if lacking else []
    if seen:
        parts.append(f"{seen:,} of {len(known):,} pairs hold a row that is not held out, and do not count")
    if left < _WANTED:
        parts.append(f"{left} pairs are left, {'which hardly give an interval' if left else 'too few for a value'}")
    return parts


def _rho(values: Doubles, weights: Doubles) -> Doubles:
    """Spearman's rho [resamples] of a set, computed once for all the resamples that draw it as it is."""
    found = np.empty(len(weights))
    whole = (weights == 1).all(axis=1)
    found[~whole] = spearman(values, weights[~whole])
    if whole.any():
        found[whole] = spearman(values, np.ones((1, len(values))))[0]
    return found
