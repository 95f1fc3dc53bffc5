"""Local outlier factors, as scikit-learn has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.representations._detector import fitted_detector

if TYPE_CHECKING:
    from zoo.types import PositiveInt, Representation, Seed, Splits, Trained


class LocalOutlierFactor:
    """How much thinner the training rows lie around a row than around its neighbours; the rows are its vectors.

    Args:
        neighbours: how many; fewer where there are not so many rows.
        references: training rows to seek among at most, drawn at random.
        seed: of this draw.

    Reference:
        Breunig, Kriegel, Ng and Sander 2000, "LOF: identifying density-based local outliers", SIGMOD.
    """

    def __init__(
        self,
        neighbours: PositiveInt = 20,
        references: PositiveInt = 20_000,
        seed: Seed = 0,
    ) -> None:
        self.neighbours, self.references, self.seed = neighbours, references, seed

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`."""
        import sklearn.neighbors as library

        del trained
        most = min(len(splits.train), self.references) - 1
        if most < 1:
            raise InputError(f"baselines.{name}: a single training row has no neighbours: leave it out, or give more")
        detector = library.LocalOutlierFactor(n_neighbors=min(self.neighbours, most), novelty=True)
        return fitted_detector(name, splits, detector, self.references, self.seed)
