"""Sparse rows, their columns weighted by how rare they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.representations._column_weights import inverse_frequencies

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from zoo.types import Floats, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _WeightedRows:
    name: str
    splits: Splits
    weights: Floats

    def encode(self, rows: Rows) -> csr_array:
        from scipy.sparse import csr_array

        return csr_array(self.splits.kind.matrix(self.splits.take(rows)) * self.weights[None, :])

    def on(self, splits: Splits) -> _WeightedRows:
        return replace(self, splits=splits)


class TfIdf:
    """The rows as they are, each column times its inverse document frequency among the training rows.

    What two rows share counts the more the fewer others have it: a rare name, an unusual item. Rows stay sparse.

    Reference:
        Sparck Jones 1972, "A statistical interpretation of term specificity"; smoothed as scikit-learn does it.
    """

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: sparse rows only."""
        if not splits.is_sparse:
            raise InputError(
                f"baselines.{name}: TfIdf is for sparse rows, and the data are {splits.kind.in_words()}; take "
                f"baselines.{name}._target_=zoo.representations.Raw"
            )

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        del trained
        self.require(name, splits)
        return _WeightedRows(name, splits, inverse_frequencies(splits))
