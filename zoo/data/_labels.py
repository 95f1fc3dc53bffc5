"""Labels as text, so that a recipe names a class alike whether its labels are numbers or words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def as_text(labels: npt.NDArray[Any]) -> npt.NDArray[np.str_]:
    """The labels [rows] as `str` writes them; what stands for no label (-1) is "" as it is among words."""
    text = np.array([str(label) for label in labels.tolist()], dtype=np.str_)
    if labels.dtype.kind in "iu":
        text[labels == -1] = ""
    return text


def in_order(names: set[str]) -> list[str]:
    """Class names in the order that people count: numbers by size, then words by alphabet."""
    return sorted(names, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))
