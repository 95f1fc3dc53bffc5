"""How well the cosine tells pairs of one label from pairs of different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._ranked import places
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import ratio

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class PairAuroc:
    """Chance that a row is nearer, by cosine, to a row of its own label than to one of another label.

    For each held-out row: the area under the ROC curve of its cosines to all the others, those of its label being the
    positives; equal cosines count half. The score is the mean over the rows that have both kinds of pair, so a label
    counts by its rows, and with few true pairs among very many (entities) each row still has its say. A row asks, and
    others are compared with it; it contributes its own area and what the areas of others owe to it, so that intervals
    are for other tables (Hajek's projection).

    Args:
        rows: held-out rows to look at most, the first ones with a label.
    """

    unit = "AUROC"
    higher_is_better = True
    needs_labels = True
    limits = (0.0, 1.0)

    def __init__(self, rows: PositiveInt = 2_000) -> None:
        self.rows = rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[rows, 2]: area and owed, whether it asks; None without labels, or if no row has pairs of both kinds."""
        taken, own, asked = self._asked(splits)
        if not len(asked):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full((len(taken), 2), np.nan)
        directions, found = unit(codes), np.zeros(len(taken))
        for block, similarities in cosines(directions[asked], directions):
            queries = asked[block]
            areas, influences = _areas(similarities, own, queries)
            found[queries] += areas
            found += influences.sum(axis=0)
        return np.column_stack([found, np.isin(np.arange(len(taken)), asked)])

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, asked = self._asked(splits)
        return taken if len(asked) else asked

    def _asked(self, splits: Splits) -> tuple[Rows, Rows, Rows]:
        """Rows [n], their classes [n], and which of them have pairs of both kinds [queries]."""
        classes = class_numbers(splits)
        taken = splits.test[:0] if classes is None else labelled(splits.test, classes, self.rows)
        own = taken if classes is None else classes[taken]
        partners = np.bincount(own)[own] - 1 if len(taken) else own
        return taken, own, np.flatnonzero((partners > 0) & (partners < len(taken) - 1))

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean area of the rows that ask."""
        return ratio(*(weights @ values).T)


def _areas(similarities: Doubles, classes: Rows, queries: Rows) -> tuple[Doubles, Doubles]:
    """Areas [queries], and their derivatives by how often each row counts [queries, rows].

    A row of the label is worth the share of the others that are less similar, another the share of those of the label
    that are more similar, equal ones counting half; the area is the mean of either.
    """
    here = np.arange(len(queries))
    similarities[here, queries] = -np.inf  # the query itself is behind all others
    positive = classes == classes[queries, None]
    positive[here, queries] = False
    hits = positive.sum(axis=1, keepdims=True)
    misses = len(classes) - 1 - hits
    before, alike = (each.astype(np.int64) for each in places(similarities))
    counted = np.zeros((len(queries), len(classes) + 1))
    np.cumsum(np.take_along_axis(positive, np.argsort(before, axis=1), axis=1), axis=1, out=counted[:, 1:])
    above, until = (np.take_along_axis(counted, end, axis=1) for end in (before, before + alike))
    nearer = above + (until - above) / 2  # rows of the label
    worth = np.where(positive, 1 - (before + alike / 2 - nearer) / misses, nearer / hits)
    worth[here, queries] = 0
    area = (worth * positive).sum(axis=1, keepdims=True) / hits
    derivatives = (worth - area) / np.where(positive, hits, misses)
    derivatives[here, queries] = 0
    return area[:, 0], derivatives
