"""What single fields of records do for a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zoo.types.judging import Score


@dataclass(frozen=True)
class FieldReport:
    """What one field of a record does for a code; NaN and None stand for what cannot be told.

    Attributes:
        name: as its column is called.
        numbers: how many numbers of the code are its own; 0 where fields share all of them.
        filled: share of the looked-at rows that say something there.
        without: the encoder's score when these numbers are 0.
        loss: what it loses by that: the paired difference, positive where the field helps.
        in_matches: mean part of the field in the cosine of pairs that are matches; all parts add up to that cosine.
        in_others: the same in the cosine of other candidate pairs.
        distortion: -log p(field|z) of rows that say something there, in nats, the mean.
        free: the same where nothing is known of a row but how often its items occur in training rows.
    """

    name: str
    numbers: int = 0
    filled: float = float("nan")
    without: Score | None = None
    loss: Score | None = None
    in_matches: float = float("nan")
    in_others: float = float("nan")
    distortion: float = float("nan")
    free: float = float("nan")


@dataclass(frozen=True)
class FieldsReport:
    """What the fields of records do for a code.

    Attributes:
        fields: one by one, in the table's order.
        rows: held-out rows that were looked at.
        metric: whose score each field was left out of; "" for none.
        whole: the encoder's score of it on these rows.
        matches: pairs of one entity that were looked at.
        others: candidate pairs of two entities.
        not_left_out: fields beyond the number that are left out one by one.
    """

    fields: tuple[FieldReport, ...]
    rows: int
    metric: str = ""
    whole: Score | None = None
    matches: int = 0
    others: int = 0
    not_left_out: int = 0
