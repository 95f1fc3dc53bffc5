"""How often a row's nearest neighbours are of its class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from zoo.metrics._labelled import asked_rows, one_class, right_answers
from zoo.metrics._vectors import comparable, cosines, nearest
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class KnnAccuracy:
    """Share of held-out rows that their k nearest training rows vote into the right class.

    The vote is scikit-learn's `KNeighborsClassifier(k, metric=distance)`: all neighbours count alike, and of classes
    with equal votes the first wins. Where held-out rows are training rows too, the held-out rows are cross-validated:
    five stratified folds in the table's order.

    Args:
        k: neighbours that vote.
        references: training rows to seek neighbours among, the first ones with a label.
        queries: held-out rows to ask for at most, the first ones with a label.
        distance: `cosine`, or `euclidean`: of codes of a few numbers the length says as much as the direction.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(
        self,
        k: PositiveInt = 10,
        references: PositiveInt = 10_000,
        queries: PositiveInt = 2_000,
        distance: Literal["euclidean", "cosine"] = "cosine",
    ) -> None:
        self.k, self.references, self.queries, self.distance = k, references, queries, distance

    def shortage(self, splits: Splits) -> str:
        """A single class, or no held-out row with a label."""
        return one_class(splits, self.references, self.queries)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None without two classes, or with fewer than k rows to seek among."""
        return right_answers(representation, splits, self._vote, self.references, self.queries, least=self.k)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return asked_rows(splits, self.references, self.queries)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _vote(self, known: Matrix, classes: Rows, asked: Matrix) -> Rows:
        names, numbers = np.unique(classes, return_inverse=True)
        winners = np.empty(asked.shape[0], np.int64)
        for block, similarities in cosines(*comparable(asked, known, self.distance)):
            voted = numbers[nearest(similarities, self.k)]
            votes = np.zeros((len(voted), len(names)), np.int64)
            np.add.at(votes, (np.arange(len(voted))[:, None], voted), 1)
            winners[block] = names[votes.argmax(axis=1)]
        return winners
