"""How well the cosine tells pairs of one label from pairs of different labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._labelled import class_numbers, labelled
from zoo.metrics._vectors import cosines, is_finite, unit, vectors
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class PairAuroc:
    """Chance that a row is nearer, by cosine, to a row of its own label than to one of another label.

    For each held-out row: the area under the ROC curve of its cosines to all the others, those of its label being the
    positives; equal cosines count half. The score is the mean over the rows that have both kinds of pair, so a label
    counts by its rows, and with few true pairs among very many (entities) each row still has its say. Intervals are
    for other rows asked about the same table.

    Args:
        rows: held-out rows to look at most, the first ones with a label.
    """

    unit = "AUROC"
    higher_is_better = True
    needs_labels = True

    def __init__(self, rows: PositiveInt = 2_000) -> None:
        self.rows = rows

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] areas; None without labels, or if no row has pairs of both kinds."""
        taken, own, asked = self._asked(splits)
        if not len(asked):
            return None
        codes = vectors(representation, taken)
        if not is_finite(codes):
            return np.full(len(asked), np.nan)
        directions = unit(codes)
        areas = np.empty(len(asked))
        for block, similarities in cosines(directions[asked], directions):
            areas[block] = _areas(similarities, own, asked[block])
        return areas

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        taken, _, asked = self._asked(splits)
        return taken[asked]

    def _asked(self, splits: Splits) -> tuple[Rows, Rows, Rows]:
        """Rows [n], their classes [n], and which of them have pairs of both kinds [queries]."""
        classes = class_numbers(splits)
        taken = splits.test[:0] if classes is None else labelled(splits.test, classes, self.rows)
        own = taken if classes is None else classes[taken]
        partners = np.bincount(own)[own] - 1 if len(taken) else own
        return taken, own, np.flatnonzero((partners > 0) & (partners < len(taken) - 1))

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean area."""
        return mean(values, weights)


def _areas(similarities: Doubles, classes: Rows, queries: Rows) -> Doubles:
    """Mann and Whitney's statistic of each query's cosines [queries, rows], as a share of the pairs compared."""
    from scipy.stats import rankdata

    similarities[np.arange(len(queries)), queries] = -np.inf  # the query itself takes rank 1, below all others
    ranks = rankdata(similarities, axis=1) - 1
    positive = classes == classes[queries, None]
    positive[np.arange(len(queries)), queries] = False
    hits = positive.sum(axis=1)
    misses = len(classes) - 1 - hits
    return ((ranks * positive).sum(axis=1) - hits * (hits + 1) / 2) / (hits * misses)
