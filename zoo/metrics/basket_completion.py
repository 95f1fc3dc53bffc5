"""Whether baskets with like codes name the item that is missing from one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.metrics._completion import completed, items
from zoo.metrics._weighted import mean

if TYPE_CHECKING:
    from scipy import sparse

    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


class BasketCompletion:
    """Share of held-out baskets whose missing item is among the first ones that similar baskets suggest.

    One item is taken out of each basket of at least two and the rest is encoded. The nearest training baskets vote,
    each with its cosine, for the items they hold; items already in the basket are not suggested, and training baskets
    that hold nothing else do not vote. Of items with equal votes the one in the earlier column comes first, and an
    item without votes is not suggested. Codes that are all the same give about what the commonest items give.

    Args:
        k: training baskets that vote.
        at: suggestions made.
        queries: held-out baskets to ask for at most, the first ones of at least two items.
        references: training baskets to seek neighbours among, the first ones.
        seed: of the choice of the items taken out.

    Reference:
        User-based collaborative filtering (Resnick et al. 1994), judged by leave-one-out hit rate.
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self,
        k: PositiveInt = 50,
        at: PositiveInt = 10,
        queries: PositiveInt = 2_000,
        references: PositiveInt = 10_000,
        seed: Seed = 0,
    ) -> None:
        self.k, self.at, self.queries, self.references, self.seed = k, at, queries, references, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None unless the table is of baskets, some held out, and at least k to seek among."""
        asked, known = self.row_numbers(splits), splits.train[: self.references]
        if not len(asked):
            return None
        rest, missing = _taken_out(items(splits, asked), self.seed)
        return completed(representation, splits, known, rest, missing, np.zeros(rest.shape[1]), self.k, self.at)

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        fields = 1 if splits.categories is None else len(splits.categories)
        if not splits.is_sparse or fields > 1 or min(len(splits.train), self.references) < self.k:
            return splits.test[:0]
        return splits.test[np.diff(items(splits, splits.test).indptr) >= 2][: self.queries]

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)


def _taken_out(baskets: sparse.csr_array, seed: int) -> tuple[sparse.csr_array, Rows]:
    """Baskets without one of their items, and the columns [n] of the items taken out."""
    random = np.random.default_rng(seed)
    places = baskets.indptr[:-1] + random.integers(np.diff(baskets.indptr))
    missing = baskets.indices[places].astype(np.int64)
    baskets.data[places] = 0
    baskets.eliminate_zeros()
    return baskets, missing
