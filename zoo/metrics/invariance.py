"""Whether a row is still found when it was altered a little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.metrics._altered import altered
from zoo.metrics._copies import copies
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveFloat, PositiveInt, Representation, Rows, Seed, Splits

_AMOUNTS = {"shift": 3.0, "noise": 0.5, "mask": 0.3}
_SCORES = ("nearest", "cosine")


class Invariance:
    """Share of held-out rows whose own altered copy has the nearest code by cosine to theirs, among all rows' codes.

    The altered copy asks, the rows as they are answer. A row that has exact copies is found with any of them; of codes
    at equal cosine each is given its share, so that codes that are all the same score next to nothing.

    Args:
        alteration: `shift`, images moved left, right, up or down, their edge repeated behind; `noise`, normal noise on
            numbers or pixels; `mask`, some columns at their mean, pixels at 0, items left out, fields emptied. Means
            and deviations are those of training rows.
        amount: pixels, 3 unless said otherwise; noise in standard deviations (of each column, or of all pixels), .5; or
            the share that is masked, .3.
        score: `nearest`, see above; or `cosine`, the mean cosine of a row with its altered copy, which describes and
            ranks none: it is 1 for codes that are all the same.
        label: only rows with this label are altered; None alters all. All rows answer.
        rows: held-out rows at most, the first ones.
        seed: of the alterations.

    Raises:
        InputError: another alteration or score, or a share of 1 or more.
    """

    def __init__(
        self,
        alteration: Literal["shift", "noise", "mask"] = "noise",
        amount: PositiveFloat | None = None,
        score: Literal["nearest", "cosine"] = "nearest",
        label: str | int | None = None,
        rows: PositiveInt = 1_000,
        seed: Seed = 0,
    ) -> None:
        for given, known, what in ((alteration, _AMOUNTS, "alteration"), (score, _SCORES, "score")):
            if given not in known:
                raise InputError(f"Invariance has no {what} {given!r}; {suggestion(given, known)}")
        self.alteration, self.score, self.label, self.rows, self.seed = alteration, score, label, rows, seed
        self.amount = _AMOUNTS[alteration] if amount is None else amount
        if alteration == "mask" and self.amount >= 1:
            raise InputError(f"Invariance: amount={self.amount:g} would mask everything; give a share below 1")
        if alteration == "shift" and self.amount != round(self.amount):
            raise InputError(f"Invariance: amount={self.amount:g} is no whole number of pixels")
        self.unit = "share" if score == "nearest" else "cosine"
        self.higher_is_better = True if score == "nearest" else None

    def shortage(self, splits: Splits) -> str:
        """Rows of another kind, or none with the label."""
        if not self._applies(splits):
            return f"{self.alteration} is not for {splits.kind.in_words()}"
        if not (len(splits.train) or splits.is_sparse):
            return f"no training row says how much {self.alteration} is usual"
        if len(splits.test) < 2:
            return f"{len(splits.test)} rows are held out; a row is to be found among others"
        lacking = f"none of the first {self.rows:,} held-out rows has the label {self.label}"
        return "" if len(self._asked(splits)) else lacking

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return splits.test[: self.rows][self._asked(splits)]

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows] 1 or 0, or cosines; NaN if codes are not finite; None for rows that cannot be altered so."""
        asked, taken = self._asked(splits), splits.test[: self.rows]
        copied = altered(splits, taken[asked], self.alteration, self.amount, self.seed) if len(asked) else None
        if copied is None:
            return None
        codes, others = vectors(representation, taken), vectors(representation.on(copied), copied.test)
        if not (is_finite(codes) and is_finite(others)):
            return np.full(len(asked), np.nan)
        same, found = copies(splits, taken), np.empty(len(asked))
        for block, similarities in cosines(unit(others), unit(codes)):
            own = asked[block]
            if self.score == "cosine":
                found[block] = similarities[np.arange(len(own)), own]
            else:
                best = similarities == similarities.max(axis=1, keepdims=True)
                found[block] = (best & (same == same[own, None])).sum(axis=1) / best.sum(axis=1)
        return found

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _applies(self, splits: Splits) -> bool:
        if self.alteration == "mask":
            return True
        return not splits.is_sparse and (self.alteration == "noise" or len(splits.shape) == 3)

    def _asked(self, splits: Splits) -> Rows:
        """Places, among the rows that are looked at, of those to alter."""
        taken = splits.test[: self.rows]
        if len(taken) < 2 or not self._applies(splits):
            return taken[:0]
        if self.label is None:
            return np.arange(len(taken))
        if splits.labels is None:
            return taken[:0]
        return np.flatnonzero(np.asarray(splits.labels)[taken].astype(str) == str(self.label))
