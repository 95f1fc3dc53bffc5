"""How well boosted trees read the class off a code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from zoo.metrics._classifier import FittedClassifier

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


_ROUNDS = 100  # scikit-learn's own


class GradientBoosting(FittedClassifier):
    """Share of held-out rows that gradient-boosted trees, fitted to training rows, put into the right class.

    scikit-learn's `HistGradientBoostingClassifier` with its own settings, with fewer rounds where there are more than
    three classes: what people put behind a table, and what reads more off a code than planes do. Where held-out rows
    are training rows too, the held-out rows are cross-validated, as for `LinearProbe`. Sparse rows are made dense, up
    to `widest` columns; of wider ones there is no value.

    Args:
        references: training rows to fit to, the first ones with a label.
        queries: held-out rows to ask for at most, the first ones with a label.
        trees: in all at most; a round of boosting, of which there are 100 at most, is one, or one for each of three
            classes or more.
        widest: columns of sparse rows at most.
        seed: of what the trees draw.

    Reference:
        Ke et al. 2017, "LightGBM: a highly efficient gradient boosting decision tree", which scikit-learn's is after.
    """

    limits = (0.0, 1.0)

    def __init__(
        self,
        references: PositiveInt = 10_000,
        queries: PositiveInt = 2_000,
        trees: PositiveInt = 300,
        widest: PositiveInt = 1_000,
        seed: Seed = 0,
    ) -> None:
        super().__init__(references, queries)
        self.trees, self.widest, self.seed = trees, widest, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """As of its kind; None of sparse rows that are too wide, too."""
        is_asked = splits.is_sparse and splits.labels is not None
        if is_asked and representation.encode(splits.test[:1]).shape[1] > self.widest:
            return None
        return super().values(representation, splits)

    def classifier(self, known: Matrix, classes: Rows) -> Any:
        """Boosted trees."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        del known
        different = len(np.unique(classes))
        rounds = min(_ROUNDS, max(self.trees // (different if different > 2 else 1), 1))
        return HistGradientBoostingClassifier(max_iter=rounds, random_state=self.seed)

    def prepared(self, codes: Matrix) -> Matrix:
        """Dense."""
        return codes.toarray() if sparse.issparse(codes) else codes
