"""On which scale the pixels of an array are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

_BYTE, _TWO_BYTES = 255, 65_535
_ALL = (0.0, float(_BYTE))


@dataclass(frozen=True)
class Pixels:
    """The ends of a scale, black and white.

    Attributes:
        low: of the scale.
        high: of the scale, above `low`.
        is_known: whether images are mostly kept on such a scale; otherwise its ends are those of the array's numbers.
    """

    low: float
    high: float
    is_known: bool = True

    @classmethod
    def of(cls, images: npt.NDArray[Any], where: str) -> Pixels:
        """The scale of an array, whose numbers that are not finite do not count.

        Raises:
            InputError: no two pixels differ; `where` says of what.
        """
        known = images[np.isfinite(images)] if images.dtype.kind == "f" else images
        if not known.size or known.min() == known.max():
            raise InputError(f"{where}: no two pixels differ, so there is nothing to learn; write the array again")
        least, most = float(known.min()), float(known.max())
        if least >= 0 and most <= 1:
            return cls(0.0, 1.0)
        if -1 <= least < 0 and most <= 1:
            return cls(-1.0, 1.0)
        if least >= 0 and _BYTE // 2 < most <= _BYTE:
            return cls(*_ALL)
        if least >= 0 and _BYTE < most <= _TWO_BYTES and images.dtype.kind in "iu":
            return cls(0.0, float(_TWO_BYTES))
        return cls(least, most, is_known=False)

    @property
    def is_usual(self) -> bool:
        """Whether it is the scale of 0 to 255, which recipes are written for."""
        return (self.low, self.high) == _ALL

    def rescale(self) -> dict[str, Any]:
        """The part of a model that takes such pixels to 0 to 1, as a recipe has it."""
        span = self.high - self.low
        return {"_target_": "zoo.preprocessing.Rescale", "scale": 1 / span, "offset": -self.low / span + 0.0}

    def in_words(self) -> str:
        """Such as `Pixels from 0 to 1.`, with what that means for rows that come later."""
        said = f"Pixels are taken to be from {self.low:g} to {self.high:g}"
        if not self.is_known:
            return f"{said}, the least and the greatest that are there."
        later = "" if self.is_usual else ", and so must be those that are encoded later"
        return f"{said}{later}."


def as_stored(images: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Pixels as `uint8` where these hold them, otherwise float32."""
    if images.dtype.kind == "b" or (images.dtype.kind in "iu" and images.min() >= 0 and images.max() <= _BYTE):
        return images.astype(np.uint8, copy=False)
    return images.astype(np.float32, copy=False)
