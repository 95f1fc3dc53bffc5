"""How well a linear classifier reads the class off a code."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from scipy import sparse

from zoo.metrics._classifier import FittedClassifier

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import PositiveFloat, PositiveInt, Rows


class LinearProbe(FittedClassifier):
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

    def __init__(
        self,
        references: PositiveInt = 10_000,
        queries: PositiveInt = 2_000,
        inverse_penalty: PositiveFloat = 1.0,
        iterations: PositiveInt = 200,
    ) -> None:
        super().__init__(references, queries)
        self.inverse_penalty, self.iterations = inverse_penalty, iterations

    def classifier(self, known: Matrix, classes: Rows) -> Any:
        """Logistic regression on standardised codes."""
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        del classes
        return make_pipeline(
            StandardScaler(with_mean=not sparse.issparse(known)),
            LogisticRegression(C=self.inverse_penalty, max_iter=self.iterations),
        )

    def _classify(self, known: Matrix, classes: Rows, asked: Matrix) -> Rows:
        from sklearn.exceptions import ConvergenceWarning

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super()._classify(known, classes, asked)
