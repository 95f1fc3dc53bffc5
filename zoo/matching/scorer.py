"""How likely candidate pairs are of one thing: by their fields where these tell, else by a cosine."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.matching.fellegi_sunter import FellegiSunter
from zoo.matching.odds import log_odds_of, probability_of
from zoo.matching.ranked_cosine import RankedCosine
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from zoo.matching.arrays import Ints, Reals


_AGREES, _ENOUGH = 0.6, 0.55
_SAMPLE = 2_000_000  # pairs that EM looks at
_COMPARED = 400_000  # pairs whose cosines say what is chance: comparing long texts takes far longer than fields
_FEWEST = 20  # pairs that EM can learn from
_HALF, _PRECISION = 0.5, 0.95
_STANDS_OUT = 0.4  # the estimated F1 of the best threshold, below which none is taken
_TAUGHT = 10.0  # matches, from which on a scorer serves other tables


@dataclass(frozen=True)
class Scored:
    """What is thought of candidate pairs.

    Attributes:
        probability: [pairs] that a pair is of one thing.
        log_odds: [pairs] by which they are ordered; probabilities of sure pairs are all 1.
        threshold: probability from which on pairs are called matches; above 1 where none is to be.
        notes: how it came about, for whoever reads the result.
    """

    probability: Reals
    log_odds: Reals
    threshold: float
    notes: tuple[str, ...]

    @classmethod
    def none_of(cls, pairs: int, scorer: Scorer) -> Scored:
        """No match among so many pairs, whose probabilities nobody asks for."""
        return cls(np.zeros(pairs), np.full(pairs, -np.inf), scorer.threshold, scorer.notes)


@dataclass(frozen=True)
class Scorer:
    """A pair's probability.

    Attributes:
        fields: evidence by field, or None where the fields do not tell.
        cosine: by the cosine, or None for too few rows.
        threshold: see `Scored`.
        notes: see `Scored`.
        matches: about how many matches it was learnt from.
    """

    fields: FellegiSunter | None
    cosine: RankedCosine | None
    threshold: float
    notes: tuple[str, ...]
    matches: float = 0.0

    @classmethod
    def estimate(
        cls,
        names: Sequence[str],
        agreement: Reals,
        cosine: Callable[[Ints], Reals],
        rows: Sequence[Ints],
        seed: int = 0,
    ) -> Scorer:
        """Learns from candidate pairs, without labels.

        EM always finds two kinds of pairs. Where these are matches and others, matches agree (by 0.6 and more) in most
        of the fields that both fill in; where they agree in less than 55 of 100, EM has told apart something else,
        as with long texts about products, or tables that have nothing in common. The cosine decides then.

        Args:
            names: of the fields.
            agreement: [pairs, fields], see `FellegiSunter`.
            cosine: gives the cosines [n] of pairs, by their numbers [n], if they are needed.
            rows: see `RankedCosine`.
            seed: of the rows that are looked at where there are more than 400,000 pairs.
        """
        agreement = agreement[:: max(1, -(-len(agreement) // _SAMPLE))]
        fitted = FellegiSunter.estimate(names, agreement)
        share = _agreeing_share(fitted, agreement)
        if len(agreement) >= _FEWEST and share >= _ENOUGH:
            found = fitted.probability(agreement)
            threshold = _precise(found, _PRECISION)
            note = (
                f"fields weighed by EM in {fitted.rounds} rounds; matches agree in {share:.0%} of their filled fields"
            )
            return cls(fitted, None, threshold, (note,), float(found.sum()))
        why = f"what EM calls matches agree in only {share:.0%} of their filled fields"
        if len(agreement) < _FEWEST:
            why = f"{len(agreement)} candidate pairs are too few to weigh fields by"
        if not agreement.shape[1]:
            why = "no fields to compare"
        shown, of_rows = _of_some_rows(rows, seed)
        cosines = cosine(shown)
        ranked = RankedCosine.estimate(cosines, of_rows)
        if ranked is None and not agreement.shape[1]:
            note = f"{why}, and too few rows have four candidates to tell matches by their codes: no match"
            return cls(None, None, np.inf, (note,))
        if ranked is None:
            note = f"{why}, and too few rows have four candidates: the cosine stands for the probability"
            return cls(None, None, _HALF, (note,))
        found = ranked.probability(cosines, of_rows)
        threshold, best = _best_f1(found)
        notes = [f"{why}: probabilities are by the cosine alone, a row's best beside chance"]
        if of_rows is not rows:
            many = count(len(np.unique(of_rows[0])), "row")
            notes.append(f"chance was learnt from all candidates of {many}, chosen by the seed")
        if best < _STANDS_OUT:
            threshold, found = np.inf, np.zeros(0)
            notes.append("no candidate stands out from what strangers have in common: no match")
        each = sum(map(len, rows)) / max(sum(map(len, of_rows)), 1)
        return cls(None, ranked, threshold, tuple(notes), float(found.sum() * each))

    def score(self, agreement: Reals, cosine: Callable[[Ints], Reals], rows: Sequence[Ints]) -> Scored:
        """Scores pairs; see `estimate`."""
        if self.fields is not None:
            log_odds = self.fields.log_odds(agreement)
            return Scored(probability_of(log_odds), log_odds, self.threshold, self.notes)
        cosines = cosine(np.arange(len(agreement))).astype(np.float64)
        found = np.clip(cosines, 0, 1) if self.cosine is None else self.cosine.probability(cosines, rows)
        log_odds = log_odds_of(found) + 1e-6 * cosines  # equal ones by their cosine
        return Scored(found, log_odds, self.threshold, self.notes)

    @property
    def finds_none(self) -> bool:
        """Whether no pair can reach the threshold: then nobody needs to be scored."""
        return bool(np.isinf(self.threshold))

    @property
    def serves_others(self) -> bool:
        """Whether it has learnt from enough matches to score other tables: a table without copies teaches nothing."""
        return self.matches >= _TAUGHT

    @property
    def has_learnt(self) -> bool:
        """Whether there was anything to learn from."""
        return self.fields is not None or self.cosine is not None

    def on(self, names: Sequence[str]) -> Scorer | None:
        """The same for tables with these fields; None where it weighs fields, and not all of these."""
        if self.fields is None:
            return self
        return replace(self, fields=self.fields.on(names)) if set(names) <= set(self.fields.fields) else None

    def noting(self, *notes: str) -> Scorer:
        """The same with other notes."""
        return replace(self, notes=notes)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same of, JSON-ready."""
        return {
            "fields": None if self.fields is None else self.fields.get_config(),
            "cosine": None if self.cosine is None else self.cosine.get_config(),
            "threshold": None if np.isinf(self.threshold) else self.threshold,
            "notes": list(self.notes),
            "matches": self.matches,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Scorer:
        """That of a configuration."""
        return cls(
            None if config["fields"] is None else FellegiSunter.from_config(config["fields"]),
            None if config["cosine"] is None else RankedCosine.from_config(config["cosine"]),
            np.inf if config["threshold"] is None else config["threshold"],
            tuple(config["notes"]),
            config["matches"],
        )


def estimated_precision(probability: Reals) -> float:
    """Of pairs that are called matches: the mean of their probabilities; NaN for none."""
    return float(probability.mean()) if len(probability) else float("nan")


def _of_some_rows(rows: Sequence[Ints], seed: int) -> tuple[Ints, Sequence[Ints]]:
    """The numbers [n] of all pairs that are some rows' candidates, and these rows [n]; or of all rows, if few."""
    pairs = sum(map(len, rows))
    if pairs <= _COMPARED:
        return np.arange(len(rows[0])), rows
    several = 1 + max(int(row.max(initial=0)) for row in rows)
    chosen = np.random.default_rng(seed).random(several) < _COMPARED / pairs
    found = [np.flatnonzero(chosen[row]) for row in rows]
    return np.concatenate(found), [np.concatenate([row[each] for row, each in zip(rows, found, strict=True)])]


def _agreeing_share(fitted: FellegiSunter, agreement: Reals) -> float:
    """The share of filled-in fields in which likely matches agree."""
    match = fitted.probability(agreement)
    filled = match @ (agreement >= 0).astype(np.float64)
    agreeing = match @ (agreement >= _AGREES).astype(np.float64)
    return float(agreeing.sum() / filled.sum()) if filled.sum() > 0 else 0.0


def _precise(probability: Reals, precision: float) -> float:
    """The lowest threshold, but not below one half, above which the estimated precision is so good."""
    falling = np.sort(probability[probability >= _HALF])[::-1]
    good = np.flatnonzero(np.cumsum(falling) / np.arange(1, len(falling) + 1) >= precision)
    if not len(good) or good[-1] == len(falling) - 1:
        return _HALF
    return float(falling[good[-1]])


def _best_f1(probability: Reals) -> tuple[float, float]:
    """The threshold of the best estimated F1, and that."""
    falling = np.sort(probability)[::-1]
    total = falling.sum()
    if total <= 0:
        return np.inf, 0.0
    f1 = 2 * np.cumsum(falling) / (np.arange(1, len(falling) + 1) + total)
    best = int(f1.argmax())
    return float(falling[best]), float(f1[best])
