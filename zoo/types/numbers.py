"""Number types: what arrays hold, and what a recipe's numbers are checked against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias

import numpy as np
import numpy.typing as npt
from annotated_types import Ge, Gt, Le, Lt

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]
Block: TypeAlias = "Floats | csr_array"  # some rows of a table: dense of any rank, or sparse [n, columns]

# A part's constructor says with these what a recipe may hold; `zoo.recipe` reads them without importing the part.
PositiveInt = Annotated[int, Ge(1)]
NonNegativeInt = Annotated[int, Ge(0)]
Seed = Annotated[int, Ge(0), Lt(2**32)]  # what NumPy, Keras and TensorFlow all take
PositiveFloat = Annotated[float, Gt(0)]
NonNegativeFloat = Annotated[float, Ge(0)]
Fraction = Annotated[float, Ge(0), Lt(1)]
Probability = Annotated[float, Gt(0), Le(1)]
UnitInterval = Annotated[float, Ge(0), Le(1)]
