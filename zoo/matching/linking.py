"""From the fields and codes of two tables, or of one, to pairs with a probability."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.matching.agreement import Agreement, agreements
from zoo.matching.candidates import near_pairs, sharing_pairs, together
from zoo.matching.entities import entities
from zoo.matching.field_values import LONGEST, FieldValues, Reading, joined
from zoo.matching.nearest_codes import NearestCodes, cosines_of_pairs, first_of_equal, unit_codes
from zoo.matching.odds import log_odds_of
from zoo.matching.one_to_one import one_to_one
from zoo.matching.scorer import Scored, Scorer
from zoo.matching.similar_texts import affordable, similar_texts
from zoo.tables.words import count, listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zoo.matching.arrays import Ints, Reals, Truths
    from zoo.matching.candidates import Pairs

    Trained = Callable[[], Scorer | None]

_SCORERS = ("tables", "trained")
_SPARSE = 0.5  # filled-in cells below which a column is spoken of


@dataclass(frozen=True)
class Wanted:
    """What is asked for.

    Attributes:
        k: candidates of a row by its code.
        one_to_one: whether a row may be in one match only.
        threshold: probability from which on a pair is a match; None lets the tables say.
        seed: of the search among many codes, and of the rows that chance is learnt from.
        scorer: `tables` weighs fields by the tables at hand, and as in training where they are too small to learn from;
            `trained` always as in training.
    """

    k: int = 10
    one_to_one: bool = False
    threshold: float | None = None
    seed: int = 0
    scorer: str = "tables"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"k={self.k}: at least 1 candidate for each row")
        if self.threshold is not None and not 0 <= self.threshold <= 1:
            raise InputError(f"threshold={self.threshold}: a probability, from 0 to 1")
        if self.scorer not in _SCORERS:
            raise InputError(f"scorer={self.scorer}: {suggestion(self.scorer, _SCORERS, what='scorers')}")


@dataclass(frozen=True)
class Sides:
    """Two tables, or one that is matched with itself, as matching sees them.

    Attributes:
        fields: what both hold in each field that is compared.
        left: codes [rows, latent_dim] of the first table.
        right: codes of the second; None where both are one.
    """

    fields: Sequence[FieldValues]
    left: Reals
    right: Reals | None = None

    @property
    def single(self) -> bool:
        """Whether both are one."""
        return self.right is None

    @cached_property
    def unit(self) -> tuple[Reals, Reals]:
        """The codes, of length 1."""
        left = unit_codes(self.left)
        return left, left if self.right is None else unit_codes(self.right)

    @cached_property
    def agreement(self) -> list[Agreement]:
        """Compares each field."""
        return [Agreement(values) for values in self.fields]

    @cached_property
    def texts(self) -> FieldValues | None:
        """All short texts of a row as one, or all long ones where none is short; None for rows without texts."""
        kinds = [[values for values in self.fields if values.kind == kind] for kind in ("text", "long text")]
        wanted = next(filter(None, kinds), None)
        return None if wanted is None else joined("all texts", wanted)

    @cached_property
    def text(self) -> Agreement | None:
        """Compares all short texts of a row at once; None for rows without."""
        short = self.texts if any(values.kind == "text" for values in self.fields) else None
        return None if short is None else Agreement(short)

    def cosine(self, one: Ints, other: Ints) -> Reals:
        """[pairs] what decides where fields do not tell: the cosine of all short texts, or else of the codes."""
        if self.text is None:
            return cosines_of_pairs(*self.unit, one, other)
        return np.maximum(self.text.of_pairs(one, other), 0)


@dataclass(frozen=True)
class Links:
    """Candidate pairs and what is thought of them; those that are matches.

    Attributes:
        sides: the tables.
        pairs: the candidates.
        cosine: [pairs] of their codes.
        agreement: [pairs, fields] see `zoo.matching.agreement`.
        probability: [pairs].
        log_odds: [pairs].
        scorer: that gave these.
        threshold: probability from which on a pair is a match.
        match: the numbers of those pairs that are.
        notes: what was decided that a reader would want to know.
        asked: whether the threshold is the user's.
    """

    sides: Sides
    pairs: Pairs
    cosine: Reals
    agreement: Reals
    probability: Reals
    log_odds: Reals
    scorer: Scorer
    threshold: float
    match: Ints
    notes: tuple[str, ...] = field(default=())
    asked: bool = False

    @cached_property
    def copies(self) -> Ints:
        """[rows] of one table: the first row that is the same in all fields, or in all numbers of its code.

        What is the same in the few fields that are filled in need not be of one thing: two rows with nothing but the
        same surname are no copies unless such a pair would be a match.
        """
        columns = [values.left for values in self.sides.fields]
        rows = np.stack(columns, axis=1) if columns else self.sides.unit[0]
        own = np.arange(len(rows))
        empty = (rows < 0).all(axis=1) if columns else ~rows.any(axis=1)
        first = np.where(empty, own, first_of_equal(rows))  # rows that say nothing are copies of nothing
        if not columns:
            return first
        doubted = np.unique(first[(first != own) & (rows < 0).any(axis=1)])
        apart = doubted[self._log_odds_of_rows(doubted, doubted) < log_odds_of(self.threshold)]
        return np.where(np.isin(first, apart), own, first)

    def entities(self) -> Ints:
        """The entity [rows] of each row of one table, see `zoo.matching.entities`; exact copies are of one.

        Groups become one if the pairs between them are even on average, or, where the user has set no threshold, short
        of it by no more than half of what candidates are given beforehand.
        """
        even = float(log_odds_of(self.threshold))
        # what a sure link has brought this near may fall short of even: half of what candidates are given beforehand
        prior = 0.0 if self.scorer.fields is None else self.scorer.fields.prior / 2
        left, right = self.copies[self.pairs.left[self.match]], self.copies[self.pairs.right[self.match]]
        apart = left != right
        found = entities(
            len(self.sides.left),
            left[apart],
            right[apart],
            self.log_odds[self.match][apart],
            even if self.asked else min(even, prior),
            self._log_odds_of_rows,
        )
        return found[self.copies]

    def _log_odds_of_rows(self, one: Ints, other: Ints) -> Reals:
        if self.scorer.fields is not None:
            return self.scorer.fields.log_odds(agreements(self.sides.agreement, one, other))
        nothing = np.zeros((len(one), 0), np.float32)
        return self.scorer.score(nothing, lambda _: self.sides.cosine(one, other), [np.arange(len(one))]).log_odds


def field_values(
    left: Any,
    right: Any,
    names: Sequence[str],
    called: Mapping[str, str],
    where: tuple[str, str],
    reading: Reading | None = None,
) -> tuple[list[FieldValues], tuple[str, ...]]:
    """What two tables hold in the fields that are compared, and notes on what cannot be.

    Args:
        left: a `pyarrow.Table`.
        right: another, or None for one table alone.
        names: of the fields, as the first table has them.
        called: field -> what the second calls it, where it is not the same.
        where: what to call the tables in messages.
        reading: how the encoder reads them.

    Raises:
        InputError: a table without such a column, or without a filled-in cell in any that the other fills in.
    """
    found, notes = [], []
    for name in names:
        one = _column(left, name, where[0])
        other = None if right is None else _column(right, called.get(name, name), where[1])
        values = FieldValues.of_columns(name, one, other, reading)
        filled = values.filled()
        if values.cut:
            notes.append(
                f"{name}: longer than {LONGEST:,} characters, {count(values.cut, 'text')} compared by the first of them"
            )
        if values.unread:
            notes.append(f"{name}: {count(values.unread, 'cell')} without a number, which count as empty")
        empty = [table for table, share in zip(where, filled, strict=True) if not share]
        if empty:
            notes.append(f"{name}: every cell is empty in {listed(list(dict.fromkeys(empty)))}, so it says nothing")
            continue
        if min(filled) < _SPARSE:
            notes.append(f"{name}: only {min(filled):.0%} of the cells are filled in; empty ones say nothing")
        found.append(values)
    if names and not found:
        raise InputError(f"{'; '.join(notes)}: no field is left to match by; fill one in, or compare others (fields=)")
    return found, tuple(notes)


def link(
    sides: Sides,
    near: Iterable[Ints],
    wanted: Wanted,
    scorer: Scorer | None = None,
    trained: Trained | None = None,
) -> Links:
    """Candidates, their fields' agreement, and which are matches.

    Args:
        sides: the tables.
        near: rows found for the first table's rows by their codes, block by block; see `nearest`.
        wanted: what is asked for.
        scorer: that of tables matched before; None learns one from these.
        trained: gives the encoder's own, of training rows, see `Wanted.scorer`.

    Raises:
        InputError: the encoder's own is asked for and there is none, or it weighs other fields.
    """
    pairs, found_by = _candidates(sides, near, wanted)
    cosine = cosines_of_pairs(*sides.unit, pairs.left, pairs.right)
    agreement = agreements(sides.agreement, pairs.left, pairs.right)
    of_rows = [pairs.left, pairs.right] if sides.single else [pairs.left]

    def cosine_of_texts(found: Ints) -> Reals:
        return sides.cosine(pairs.left[found], pairs.right[found])

    names = [values.name for values in sides.fields]
    scorer = None if scorer is None else scorer.on(names)
    if wanted.scorer == "trained":
        scorer = require_trained(None if trained is None else trained(), names)
    if scorer is None:
        scorer = Scorer.estimate(names, agreement, cosine_of_texts, of_rows, wanted.seed)
        known = None if scorer.has_learnt or trained is None else trained()
        other = None if known is None else known.on(names)
        scorer = scorer if other is None else other.noting("too few candidates to learn from", *other.notes)
    if scorer.finds_none and wanted.threshold is None:
        scored = Scored.none_of(len(pairs), scorer)
    else:
        scored = scorer.score(agreement, cosine_of_texts, of_rows)
    threshold = scored.threshold if wanted.threshold is None else wanted.threshold
    match = np.flatnonzero(scored.probability >= threshold)
    if wanted.one_to_one:
        scores = scored.log_odds[match], cosine[match]
        match = match[one_to_one(pairs.left[match], pairs.right[match], *scores)]
    return Links(
        sides,
        pairs,
        cosine,
        agreement,
        scored.probability,
        scored.log_odds,
        scorer,
        threshold,
        match,
        notes=(found_by, *scored.notes),
        asked=wanted.threshold is not None,
    )


def _candidates(sides: Sides, near: Iterable[Ints], wanted: Wanted) -> tuple[Pairs, str]:
    """The pairs that are looked at, and how they were found."""
    rows, single = max(len(side) for side in sides.unit), sides.single
    pairs = near_pairs(near, single=single)
    if not single:
        pairs = together(pairs, near_pairs([_twins(sides)], single=single), single=single)
    if not sides.fields:
        return pairs, "candidates by their codes"
    sharing = sharing_pairs(sides.fields, 2 * wanted.k * rows, single=single)
    pairs = together(pairs, sharing, single=single)
    texts = sides.texts if affordable(len(sides.unit[0]), len(sides.unit[1])) else None
    if texts is None:
        return pairs, "candidates by their codes and by rare values"
    similar = near_pairs(similar_texts(texts, wanted.k), single=single)
    return together(pairs, similar, single=single), "candidates by their codes, by rare values and by n-grams of texts"


def _twins(sides: Sides) -> Ints:
    """[rows, 1] for rows of the first table the exact copy in the second that is theirs, -1 for none.

    Of several copies on both sides the first has the first, the second the second, and so on. Of a hundred copies the
    search finds the first k, the same for each, and one to one could match no more than k.
    """
    columns = [np.concatenate([values.left, values.right]) for values in sides.fields]
    rows = np.stack(columns, axis=1) if columns else np.concatenate(sides.unit)
    says: Truths = np.any(rows >= 0, axis=1) if columns else np.any(rows, axis=1)
    first, count = first_of_equal(rows), len(sides.unit[0])

    def placed(numbers: Ints) -> tuple[Ints, Ints]:
        """Which copy of its kind each row is, [rows], and the rows, both in the order of kinds."""
        order = np.argsort(first[numbers], kind="stable")
        kinds = first[numbers][order]
        starts = np.searchsorted(kinds, kinds)
        return np.stack([kinds, np.arange(len(kinds)) - starts], axis=1), numbers[order]

    own, left = placed(np.flatnonzero(says[:count]))
    others, right = placed(count + np.flatnonzero(says[count:]))
    keys, other_keys = (pair[:, 0] * np.int64(len(rows)) + pair[:, 1] for pair in (own, others))
    found: Ints = np.full((count, 1), -1, np.int64)
    _, here, there = np.intersect1d(keys, other_keys, assume_unique=True, return_indices=True)
    found[left[here], 0] = right[there] - count
    return found


def require_trained(scorer: Scorer | None, names: Sequence[str]) -> Scorer:
    """An encoder's own scorer, for these fields.

    Raises:
        InputError: there is none, or it weighs other fields.
    """
    if scorer is None:
        raise InputError(
            "scorer=trained: no pair scorer is exported with this encoder (its training rows have no field or too few "
            "that are of one thing, or the version is old); leave scorer out, and it is learnt from the tables"
        )
    found = scorer.on(names)
    if found is None:
        known = () if scorer.fields is None else scorer.fields.fields
        strange = listed([name for name in names if name not in known])
        raise InputError(f"scorer=trained: it does not weigh {strange}, only {listed(known)}; leave that or fields out")
    return found


def nearest(sides: Sides, wanted: Wanted) -> Iterable[Ints]:
    """For each block of rows of the first table, the rows [n, k] with the nearest codes; -1 for none."""
    left, right = sides.unit
    # of one table, a row finds itself first, or copies of it
    for rows, _ in NearestCodes(right, wanted.seed).search(left, wanted.k + sides.single):
        yield rows


def _column(table: Any, name: str, where: str) -> Any:
    if name not in table.column_names:
        hint = suggestion(name, table.column_names, what="columns")
        raise InputError(f"{where}: there is no column {name!r} to compare; {hint}")
    return table.column(name)
