"""What metrics that fit a classifier to codes have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.metrics._labelled import asked_rows, one_class, right_answers
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Splits


class FittedClassifier:
    """Share of held-out rows that a classifier, fitted to training rows, puts into the right class.

    Where held-out rows are training rows too, the held-out rows are cross-validated: five stratified folds in the
    table's order.

    Args:
        references: training rows to fit to, the first ones with a label.
        queries: held-out rows to ask for at most, the first ones with a label.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(self, references: PositiveInt, queries: PositiveInt) -> None:
        self.references, self.queries = references, queries

    def shortage(self, splits: Splits) -> str:
        """A single class, or no held-out row with a label."""
        return one_class(splits, self.references, self.queries)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None without two classes, or without rows to fit to."""
        return right_answers(representation, splits, self._classify, self.references, self.queries)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return asked_rows(splits, self.references, self.queries)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def classifier(self, known: Matrix, classes: Rows) -> Any:
        """An estimator of scikit-learn's for codes [n, dimensions] of classes [n], not fitted yet."""
        raise NotImplementedError

    def prepared(self, codes: Matrix) -> Matrix:
        """Codes as the classifier takes them."""
        return codes

    def _classify(self, known: Matrix, classes: Rows, asked: Matrix) -> Rows:
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        if len(np.unique(classes)) == 1:  # nothing to fit
            return np.full(asked.shape[0], classes[0])
        classifier = self.classifier(known, classes)
        # one thread: two of them, on two busy cores, wait busily for each other
        with threadpool_limits(1):
            classifier.fit(self.prepared(known).astype(np.float32), classes)
            return np.asarray(classifier.predict(self.prepared(asked).astype(np.float32)), np.int64)
