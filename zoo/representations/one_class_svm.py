"""A support vector machine of one class, as scikit-learn has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.representations._detector import fitted_detector

if TYPE_CHECKING:
    from zoo.types import PositiveInt, Probability, Representation, Seed, Splits, Trained


class OneClassSVM:
    """How far outside of the smooth boundary around most training rows a row lies; the rows are its vectors.

    Args:
        nu: share of the training rows that may lie outside.
        references: training rows to learn from at most, drawn at random: the work grows with their square.
        seed: of this draw.

    Reference:
        Schölkopf et al. 2001, "Estimating the support of a high-dimensional distribution".
    """

    def __init__(
        self,
        nu: Probability = 0.1,
        references: PositiveInt = 2_000,
        seed: Seed = 0,
    ) -> None:
        self.nu, self.references, self.seed = nu, references, seed

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        import sklearn.svm as library

        del trained
        detector = library.OneClassSVM(nu=self.nu, gamma="scale")
        return fitted_detector(name, splits, detector, self.references, self.seed)
