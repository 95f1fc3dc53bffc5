"""How likely two records are of one thing, from how well their fields agree; learnt without a label."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.odds import log_odds_of, probability_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.matching.arrays import Ints, Reals


ONE_MISSING, BOTH_MISSING = -1.0, -2.0  # instead of an agreement
EDGES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.9999)  # between levels of agreement
_LEVELS = len(EDGES) + 1
KNOTS = (0.0, *((low + high) / 2 for low, high in itertools.pairwise(EDGES)), 1.0)  # one a level

_ROUNDS, _SETTLED = 500, 1e-6
_SMOOTHING = 0.5  # pairs added to each level, shared as the levels are among all pairs
# Pairs of one thing that EM is shown beside the table's: without them, a table without matches would have its likeliest
# strangers for matches. Theirs agree as typed-in copies do: in seven fields of ten to the letter, in one not at all.
_SHOWN = 10.0
_SHOWN_AGREE = np.asarray([0.1, *([0.2 / (_LEVELS - 2)] * (_LEVELS - 2)), 0.7])
_SHARE = (1e-7, 0.95)  # of matches among the pairs


@dataclass(frozen=True)
class FellegiSunter:
    """A log-odds of fields that agree: log(m / u) for each field and level of agreement, added up.

        log-odds = prior + sum over the fields f that both records fill in of w_f(agreement_f)

    `w_f` is the line through the points (`KNOTS`, weights[f]), which never falls. A field that a record leaves empty
    says nothing: its share is 0, whether one of the two records lacks it or both.

    Attributes:
        fields: their names.
        weights: [fields, levels] nats, log(m / u), where m is how often two records of one thing agree so well, and u
            how often two of different things do.
        prior: log-odds of a candidate pair before its fields are looked at.
        rounds: of EM, until it settled.

    Reference:
        Fellegi and Sunter 1969, "A theory for record linkage"; Winkler 1988, "Using the EM algorithm for weight
        computation in the Fellegi-Sunter model of record linkage".
    """

    fields: tuple[str, ...]
    weights: Reals
    prior: float
    rounds: int = 0

    @classmethod
    def estimate(cls, fields: Sequence[str], agreement: Reals) -> FellegiSunter:
        """Learns the weights by EM; the same pairs give the same weights.

        Args:
            fields: their names.
            agreement: [pairs, fields] of candidate pairs, each 0 to 1, `ONE_MISSING` or `BOTH_MISSING`.
        """
        patterns, counts = _patterns(agreement)
        match = _start(patterns)
        weights, prior = np.zeros((len(fields), _LEVELS)), 0.0
        rounds = 0
        for rounds in range(1, _ROUNDS + 1):  # noqa: B007
            prior = float(log_odds_of(np.clip(match @ counts / max(counts.sum(), 1), *_SHARE)))
            for place, levels in enumerate(patterns.T):
                weights[place] = _weights(levels, match * counts, counts)
            before, match = match, probability_of(prior + _added_up(patterns, weights))
            if np.abs(match - before).max(initial=0.0) < _SETTLED:
                break
        return cls(tuple(fields), weights, prior, rounds)

    def evidence(self, agreement: Reals) -> Reals:
        """What each field says for a match, [pairs, fields] nats; 0 where a record leaves it empty."""
        shares = np.zeros(agreement.shape, np.float32)
        for place, (column, weights) in enumerate(zip(agreement.T, self.weights, strict=True)):
            shares[:, place] = _share(column, weights)
        return shares

    def log_odds(self, agreement: Reals) -> Reals:
        """[pairs]; the sum of the evidence and the prior."""
        total = np.full(len(agreement), self.prior)
        for column, weights in zip(agreement.T, self.weights, strict=True):
            total += _share(column, weights)
        return total

    def probability(self, agreement: Reals) -> Reals:
        """[pairs], that a pair is of one thing."""
        return probability_of(self.log_odds(agreement))

    def on(self, fields: Sequence[str]) -> FellegiSunter:
        """The same weights for some of the fields, in another order."""
        return replace(self, fields=tuple(fields), weights=self.weights[[self.fields.index(name) for name in fields]])

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same of, JSON-ready, with the formula in words."""
        return {
            "formula": "probability = 1 / (1 + exp(-(prior + sum over fields that both records fill in of "
            "interpolate(agreement, knots, weights[field]))))",
            "knots": list(KNOTS),
            "weights": {name: row.tolist() for name, row in zip(self.fields, self.weights, strict=True)},
            "prior": self.prior,
            "rounds": self.rounds,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> FellegiSunter:
        """That of a configuration."""
        weights = config["weights"]
        rows = np.asarray(list(weights.values()), np.float64).reshape(len(weights), _LEVELS)
        return cls(tuple(weights), rows, config["prior"], config["rounds"])


def _share(agreement: Reals, weights: Reals) -> Reals:
    """What one field [pairs] says."""
    return np.where(agreement >= 0, np.interp(agreement, KNOTS, weights), 0.0)


def _patterns(agreement: Reals) -> tuple[Ints, Reals]:
    """The different rows of levels [patterns, fields], -1 for missing, and how many pairs have each."""
    levels = np.where(agreement >= 0, np.searchsorted(EDGES, agreement, side="right"), -1).astype(np.int64)
    key: Ints = np.zeros(len(levels), np.int64)
    for column in levels.T:  # a number for each pattern so far, so that products stay small
        _, key = np.unique(key * (_LEVELS + 1) + column + 1, return_inverse=True)
    _, first, counts = np.unique(key, return_index=True, return_counts=True)
    return levels[first], counts.astype(np.float64)


def _start(patterns: Ints) -> Reals:
    """Where EM starts: the better the known fields agree, the likelier a match."""
    known = patterns >= 0
    level = np.where(known, patterns, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
    return (level / (_LEVELS - 1)) ** 3


def _weights(levels: Ints, match: Reals, counts: Reals) -> Reals:
    """log(m / u) of a field's levels, never falling; 0 for a field that no pair fills in."""
    there = levels >= 0
    pairs = np.bincount(levels[there], counts[there], _LEVELS)
    if not pairs.sum():
        return np.zeros(_LEVELS)
    matches = np.bincount(levels[there], match[there], _LEVELS)
    added = _SMOOTHING * _LEVELS * (pairs / pairs.sum())
    m = matches + added + _SHOWN * _SHOWN_AGREE
    u = np.maximum(pairs - matches, 0.0) + added
    return np.log(rising_ratio(m / m.sum(), np.maximum(u, 1e-9) / max(u.sum(), 1e-9)))


def rising_ratio(above: Reals, below: Reals) -> Reals:
    """The ratio of two rows of numbers, neighbours taken together where it would fall (pool adjacent violators)."""
    pools: list[list[float]] = []
    for one, other in zip(above.tolist(), below.tolist(), strict=True):
        pools.append([one, other, 1])
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [here + there for here, there in zip(pools[-1], last, strict=True)]
    return np.concatenate([np.full(int(many), one / other) for one, other, many in pools])


def _added_up(patterns: Ints, weights: Reals) -> Reals:
    total = np.zeros(len(patterns))
    for levels, row in zip(patterns.T, weights, strict=True):
        total += np.append(row, 0.0)[levels]  # the last for -1
    return total
