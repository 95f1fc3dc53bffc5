"""Colours that readers with any kind of colour vision tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

# ten colours that are told apart with every common kind of colour vision (Petroff 2021, arXiv 2107.02270), and "other"
CLASSES = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
OTHER = "#c8ccd0"
# from low to high by way of 0: ColorBrewer's RdBu, reversed; safe for colour-blind readers
_DIVERGING = np.asarray([[33, 102, 172], [103, 169, 207], [247, 247, 247], [239, 138, 98], [178, 24, 43]], float)


def diverging(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint8]:
    """Colours [..., 3] of values from -1 (blue) by way of 0 (white) to 1 (red); what lies beyond is cut off."""
    places = (np.clip(np.nan_to_num(values), -1, 1) + 1) / 2 * (len(_DIVERGING) - 1)
    knots = np.arange(len(_DIVERGING))
    return np.stack([np.interp(places, knots, channel) for channel in _DIVERGING.T], axis=-1).round().astype(np.uint8)
