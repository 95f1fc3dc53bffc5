"""An isolation forest, as scikit-learn has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.representations._detector import fitted_detector

if TYPE_CHECKING:
    from zoo.types import PositiveInt, Representation, Seed, Splits, Trained


class IsolationForest:
    """How few cuts at random places set a row apart from the others, which tells anomalies; the rows are its vectors.

    Args:
        trees: how many are grown, each on 256 training rows.
        references: training rows to learn from at most, drawn at random.
        seed: of the draws.

    Reference:
        Liu, Ting and Zhou 2008, "Isolation forest", ICDM.
    """

    def __init__(
        self,
        trees: PositiveInt = 100,
        references: PositiveInt = 50_000,
        seed: Seed = 0,
    ) -> None:
        self.trees, self.references, self.seed = trees, references, seed

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        import sklearn.ensemble as library

        del trained
        detector = library.IsolationForest(n_estimators=self.trees, random_state=self.seed)
        return fitted_detector(name, splits, detector, self.references, self.seed)
