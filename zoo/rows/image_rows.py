"""Images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from zoo.rows.dense_rows import DenseRows


@dataclass(frozen=True, init=False)
class ImageRows(DenseRows):
    """Images of one size.

    Args:
        shape: [height, width, channels].
        name: of the input.
    """

    def __init__(self, shape: tuple[int, ...], name: str = "image") -> None:
        super().__init__(name, shape)

    def in_words(self) -> str:
        """Such as `images of 28 x 28, 1 channel`."""
        height, width, channels = self.shape
        return f"images of {height} x {width}, {channels} channel{'s' if channels > 1 else ''}"

    def __reduce__(self) -> Any:
        return type(self), (self.shape, self.name)
