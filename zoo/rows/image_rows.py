"""Images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.rows.dense_rows import DenseRows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.tables.table import Table

_DARK = 10  # pixels that stay below such a share of the range are likely to be on another scale


@dataclass(frozen=True, init=False)
class ImageRows(DenseRows):
    """Images of one size, and the range of their pixels. A missing channel axis of size 1 is added.

    Args:
        shape: [height, width, channels].
        name: of the input.
        limits: the smallest and largest pixel that was trained on, such as 0 and 255; None if it is not known.

    Attributes:
        limits: as above.
    """

    limits: tuple[float, float] | None = None

    def __init__(self, shape: tuple[int, ...], name: str = "image", limits: tuple[float, float] | None = None) -> None:
        super().__init__(name, shape)
        object.__setattr__(self, "limits", limits)

    def remarks(self, arrays: Mapping[str, Any]) -> list[str]:
        """Whether the pixels seem to be on another scale than those that were trained on."""
        pixels = arrays[self.name]
        if self.limits is None or not pixels.size:
            return []
        (low, high), (least, most) = self.limits, (float(pixels.min()), float(pixels.max()))
        trained = f"the encoder was trained on pixels from {low:g} to {high:g}, and these go from {least:g} to {most:g}"
        span = high - low
        if most > high + span / 100 or least < low - span / 100:
            return [f"{trained}: rescale them to the range that it was trained on"]
        if least < most <= low + span / _DARK:
            scale = f"multiply by {span:g}" if most <= 1 < span else "rescale them"
            return [f"{trained}: {scale}, if they are not that dark"]
        return []

    def describe(self) -> str:
        """Such as `images [n, 28, 28, 1] with pixels from 0 to 255`."""
        span = "" if self.limits is None else f" with pixels from {self.limits[0]:g} to {self.limits[1]:g}"
        return f"images [n, {', '.join(map(str, self.shape))}]{span}"

    def in_words(self) -> str:
        """Such as `images of 28 x 28, 1 channel`."""
        height, width, channels = self.shape
        return f"images of {height} x {width}, {channels} channel{'s' if channels > 1 else ''}"

    def get_config(self) -> dict[str, Any]:
        """See `RowKind`."""
        return {"shape": list(self.shape), "name": self.name, "limits": self.limits}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ImageRows:
        """See `RowKind`."""
        limits = config["limits"]
        return cls(tuple(config["shape"]), config["name"], None if limits is None else (limits[0], limits[1]))

    def __reduce__(self) -> Any:
        return type(self), (self.shape, self.name, self.limits)

    def require_array(self, table: Table) -> None:
        """See `RowKind`."""
        if self.shape[-1] != 1 or table.row_shape != self.shape[:-1]:
            super().require_array(table)

    def _way_out(self, came: Sequence[int]) -> str:
        if len(came) == 4 and (*came[2:], came[1]) == self.shape:
            return "; channels are first here and last is wanted: give numpy.moveaxis(images, 1, -1)"
        if len(came) == 4 and tuple(came[1:3]) != self.shape[:2]:
            return f"; resize them to {self.shape[0]} x {self.shape[1]} pixels, as those that it was trained on"
        return super()._way_out(came)

    def _shaped(self, table: Any) -> Any:
        if self.shape[-1] == 1 and table.shape[1:] == self.shape[:-1]:
            table = table[..., np.newaxis]
        return super()._shaped(table)
