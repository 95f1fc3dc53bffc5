"""Whether records with like codes name what stands in an empty field of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from zoo.metrics._completion import completed, items
from zoo.metrics._weighted import mean
from zoo.types import MISSING, OTHER

if TYPE_CHECKING:
    from zoo.types import Doubles, PositiveInt, Representation, Rows, Seed, Splits


class FieldCompletion:
    """Share of held-out records whose emptied field is among the first values that similar records suggest.

    One field of each record, of those with a known value, is emptied and the record encoded. The nearest training
    records vote, each with its cosine, for their values of that field; missing and other values are not suggested, and
    of values with equal votes the one in the earlier column comes first. It needs no labels. Codes that are all the
    same give about what the commonest values give.

    Args:
        k: training records that vote.
        at: suggestions made.
        queries: held-out records to ask for at most, the first ones with a known value.
        references: training records to seek neighbours among, the first ones.
        seed: of the choice of the fields emptied.

    Reference:
        Imputation by nearest neighbours (Troyanskaya et al. 2001, "Missing value estimation methods for DNA
        microarrays"), of categories instead of numbers.
    """

    unit = "share"
    higher_is_better = True

    def __init__(
        self,
        k: PositiveInt = 10,
        at: PositiveInt = 1,
        queries: PositiveInt = 2_000,
        references: PositiveInt = 10_000,
        seed: Seed = 0,
    ) -> None:
        self.k, self.at, self.queries, self.references, self.seed = k, at, queries, references, seed

    def values(self, representation: Representation, splits: Splits) -> Doubles | None:
        """[queries] 1 or 0; None unless the table is of records of several fields, some held out, at least k known."""
        known, chosen = splits.train[: self.references], self._chosen(splits)
        if chosen is None or not len(chosen[0]):
            return None
        asked, missing, fields, known_value = chosen
        rest = _emptied(items(splits, asked), fields, missing)
        return completed(
            representation, splits, known, rest, missing, np.where(known_value, fields, -1), self.k, self.at
        )

    def row_numbers(self, splits: Splits) -> Rows:
        """See `zoo.types.CountsRows`."""
        chosen = self._chosen(splits)
        return splits.test[:0] if chosen is None else chosen[0]

    def _chosen(self, splits: Splits) -> tuple[Rows, Rows, Rows, Rows] | None:
        """Records [n] and the column of each that is emptied [n]; field [columns], and whether it is a known value."""
        if splits.categories is None or len(splits.categories) < 2 or not splits.is_sparse:
            return None
        if min(len(splits.train), self.references) < self.k:
            return None
        names = list(splits.categories.values())
        fields = np.repeat(np.arange(len(names)), [len(each) for each in names])
        known_value = np.concatenate([[name not in {MISSING, OTHER} for name in each] for each in names])
        records, columns = items(splits, splits.test).nonzero()
        order = np.random.default_rng(self.seed).permutation(len(records))
        order = order[known_value[columns[order]]]
        chosen, first = np.unique(records[order], return_index=True)
        missing = columns[order][first].astype(np.int64)
        return splits.test[chosen[: self.queries]], missing[: self.queries], fields, known_value

    def statistic(self, values: Doubles, weights: Doubles) -> Doubles:
        """The mean."""
        return mean(values, weights)


def _emptied(records: sparse.csr_array, fields: Rows, missing: Rows) -> sparse.csr_array:
    """Records with MISSING in place of the columns [n]."""
    rest = records.tolil()
    empty = np.searchsorted(fields, fields[missing])  # a field's first column
    for row, (column, instead) in enumerate(zip(missing, empty, strict=True)):
        rest[row, column], rest[row, instead] = 0, 1
    return sparse.csr_array(rest)
