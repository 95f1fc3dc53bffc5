"""How well boosted trees read the class off a code."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from zoo.metrics._labelled import asked_rows, one_class, right_answers
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from zoo.metrics._vectors import Matrix
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


_ROUNDS = 100  # scikit-learn's own


class GradientBoosting:
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

    unit = "share"
    higher_is_better = True
    needs_labels = True
    limits = (0.0, 1.0)

    def __init__(
        self,
        references: PositiveInt = 10_000,
        queries: PositiveInt = 2_000,
        trees: PositiveInt = 300,
        widest: PositiveInt = 1_000,
        seed: Seed = 0,
    ) -> None:
        self.references, self.queries, self.trees = references, queries, trees
        self.widest, self.seed = widest, seed

    def shortage(self, splits: Splits) -> str:
        """A single class, or no held-out row with a label."""
        return one_class(splits, self.references, self.queries)

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None without two classes, without rows to fit to, or of sparse rows that are too wide."""
        is_asked = splits.is_sparse and splits.labels is not None
        if is_asked and representation.encode(splits.test[:1]).shape[1] > self.widest:
            return None
        return right_answers(representation, splits, self._classify, self.references, self.queries)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        return asked_rows(splits, self.references, self.queries)

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)

    def _classify(self, known: Matrix, classes: Rows, asked: Matrix) -> Rows:
        from sklearn.ensemble import HistGradientBoostingClassifier
        from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

        if len(np.unique(classes)) == 1:  # nothing to fit
            return np.full(asked.shape[0], classes[0])
        learnt, put = (each.toarray() if sparse.issparse(each) else each for each in (known, asked))
        different = len(np.unique(classes))
        rounds = min(_ROUNDS, max(self.trees // (different if different > 2 else 1), 1))
        boosted = HistGradientBoostingClassifier(max_iter=rounds, random_state=self.seed)
        with threadpool_limits(1):  # its threads wait busily for each other beside other work
            boosted.fit(learnt.astype(np.float32), classes)
            return np.asarray(boosted.predict(put.astype(np.float32)), np.int64)
