"""The cosines of pairs of records: of one thing, and of the nearest others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._copies import copies
from zoo.metrics._pairs_of_records import record_pairs
from zoo.metrics._vectors import paired_cosines, vectors
from zoo.page.drawing import INK, OTHER, OWN
from zoo.rows._cells import texts_of
from zoo.rows.plain_text import MISSING_WORDS, MissingCells, plain

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Doubles, Representation, Rows, Splits

SPIKE = 0.999
_BINS, _ROWS = 50, 4_000


@dataclass(frozen=True)
class MatchCosines:
    """Cosines of pairs of held-out records.

    Attributes:
        cosines: [pairs].
        is_match: [pairs] whether the two are of one entity; the others are the nearest that are not.
        is_copy: [pairs] whether the two say the same in every field, plainly spelt.
    """

    cosines: Doubles
    is_match: npt.NDArray[np.bool_]
    is_copy: npt.NDArray[np.bool_]

    def spike(self, *, of_matches: bool) -> tuple[int, int, int]:
        """Pairs of a kind; how many of them have a cosine above .999 and are copies; and how many are not."""
        kind = self.is_match == of_matches
        high = kind & (self.cosines > SPIKE)
        return int(kind.sum()), int((high & self.is_copy).sum()), int((high & ~self.is_copy).sum())


def match_cosines(representation: Representation, splits: Splits) -> MatchCosines | None:
    """Of the first 4,000 held-out records with an entity; see `zoo.metrics._pairs_of_records`.

    None for rows that are no records, without matches, or for codes that are not finite.
    """
    if splits.kind.blocks is None:
        return None
    pairs = record_pairs(representation, splits, most=_ROWS)
    if pairs is None:
        return None
    rows, places = np.unique(np.concatenate([pairs.first, pairs.second]), return_inverse=True)
    first, second = np.split(places, 2)
    same = said(splits, rows)
    cosines = paired_cosines(vectors(representation, rows), first, second)
    return MatchCosines(cosines, pairs.is_match, same[first] == same[second])


def said(splits: Splits, rows: Rows) -> Rows:
    """A number [n] for each row, the same for rows that say the same in every field, plainly spelt.

    Their features would not do: they are the same for other orders of words, and for two names that are not known.
    """
    if splits.raw is None:
        return copies(splits, rows)
    nothing = MissingCells(getattr(splits.kind, "missing", MISSING_WORDS))
    columns = [texts_of(splits.raw.column(name).take(rows)).tolist() for name in splits.kind.column_names]
    spelt = [["" if cell in nothing else plain(cell) for cell in cells] for cells in columns]
    numbers: dict[tuple[str, ...], int] = {}
    found: Rows = np.asarray([numbers.setdefault(row, len(numbers)) for row in zip(*spelt, strict=True)], np.int64)
    return found


def histogram(axes: Any, found: MatchCosines, low: float, colours: tuple[str, str, str] = (OTHER, OWN, INK)) -> None:
    """Draws both kinds of pairs, each in % of its own number, from a cosine on; colours of others, matches and text."""
    edges, top = np.linspace(low, 1, _BINS + 1), 0.0
    for kind, colour, name in zip((False, True), colours, ("nearest others", "matches"), strict=False):
        cosines = np.clip(found.cosines[found.is_match == kind], low, 1)
        shares = 100 * np.histogram(cosines, edges)[0] / max(len(cosines), 1)
        top = max(top, float(shares.max()))
        axes.stairs(shares, edges, fill=True, color=colour, alpha=0.55, label=name)
        axes.stairs(shares, edges, color=colour, linewidth=1.2)
    axes.set_xlim(low, 1.005)
    axes.set_ylim(0, 1.3 * top)  # room for the legend
    axes.set_xlabel("cosine of two test records")
    axes.set_ylabel("% of the pairs of a kind")
    axes.legend(frameon=False, fontsize=9, labelcolor=colours[2], loc="upper left")
