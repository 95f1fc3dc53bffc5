"""The values that stages hand to each other, and the number types that recipes are checked against.

Frozen, small, and free of every other module of the zoo, so that any stage can be used alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]

# A part's constructor says with these what a recipe may hold; `zoo.recipe` reads them without importing the part.
PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]
Probability = Annotated[float, Gt(0), Le(1)]


@dataclass(frozen=True)
class Splits:
    """A table of rows and which of them may be used for what.

    Attributes:
        features: [rows, width] float32; the only copy of the table in memory (it may be a memory map).
        train: [n_train] row numbers that training and baselines may fit on.
        validation: [n_validation] row numbers for early stopping.
        test: [n_test] row numbers that only judging sees.
        keys: [rows] names of the rows (words, item ids), or None.
        labels: [rows] classes that only judging sees, or None.
        provenance: where the table comes from, JSON-ready; `fingerprint` identifies its content.
        notes: what was done to the table that its owner would want to know.
        input_name: name of the feature in exported signatures.
    """

    features: Floats
    train: Rows
    validation: Rows
    test: Rows
    keys: npt.NDArray[np.object_] | None = None
    labels: npt.NDArray[Any] | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    input_name: str = "vector"

    @property
    def width(self) -> int:
        """Number of columns of a row."""
        return int(self.features.shape[1])

    def batches(self, rows: Rows, size: int = 8192) -> Iterator[Floats]:
        """Yields [<= size, width] blocks of the given rows, so that no second table is ever made."""
        for start in range(0, len(rows), size):
            yield np.asarray(self.features[rows[start : start + size]], dtype=np.float32)
