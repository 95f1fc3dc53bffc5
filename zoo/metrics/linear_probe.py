"""How well a linear classifier reads the class off a code."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from zoo.metrics._labelled import asked_rows, one_class, right_answers
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveFloat, PositiveInt, Representation, Rows, Splits


class LinearProbe:
    """Share of held-out rows that logistic regression, fitted to training rows, puts into the right class.

    Codes are standardised by the mean and deviation of the training rows (sparse rows by the deviation alone, so that
    they stay sparse). Where held-out rows are training rows too, the held-out rows are cross-validated: five
    stratified folds in the table's order.

    Args:
        references: training rows to fit to, the first ones with a label.
        queries: held-out rows to ask for at most, the first ones with a label.
        inverse_penalty: scikit-learn's `C`; a smaller number keeps the classifier's weights smaller.
        iterations: steps of the solver at most. More change the answers little and take as much longer.

    Reference:
        Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes", arXiv 1610.01644.
    """

    unit = "share"
    higher_is_better = True
    needs_labels = True

    def __init__(
        self,
        references: PositiveInt = 10_000,
        queries: PositiveInt = 2_000,
        inverse_penalty: PositiveFloat = 1.0,
        iterations: PositiveInt = 200,
    ) -> None:
        self.references, self.queries = references, queries
        self.inverse_penalty, self.iterations = inverse_penalty, iterations

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

    def _classify(self, known: Matrix, classes: Rows, asked: Matrix) -> Rows:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        if len(np.unique(classes)) == 1:  # nothing to fit
            return np.full(asked.shape[0], classes[0])
        probe = make_pipeline(
            StandardScaler(with_mean=not sparse.issparse(known)),
            LogisticRegression(C=self.inverse_penalty, max_iter=self.iterations),
        )
        # one thread: on 10,000 x 784 codes two of them, on two busy cores, took eight times as long
        with threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            probe.fit(known.astype(np.float32), classes)
            return np.asarray(probe.predict(asked.astype(np.float32)), np.int64)
