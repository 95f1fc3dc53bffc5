"""A fixed change of units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from zoo.parts import Preprocessing

if TYPE_CHECKING:
    from zoo.parts import Tensor
    from zoo.types import LayerArguments, PositiveFloat


class Rescale(Preprocessing):
    """x * scale + offset: [batch, ...] -> [batch, ...]. The default takes pixels of 0 to 255 to 0 to 1.

    Args:
        scale: factor.
        offset: added after it.
        **kwargs: Keras layer arguments (name, dtype).

    Raises:
        ValueError: a scale that is not positive.
    """

    def __init__(
        self, scale: PositiveFloat = 0.00392156862745098, offset: float = 0.0, **kwargs: Unpack[LayerArguments]
    ) -> None:
        super().__init__(**kwargs)
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.scale, self.offset = scale, offset

    def call(self, x: Tensor) -> Tensor:
        """[batch, ...] -> [batch, ...]."""
        return x * self.scale + self.offset

    def inverse(self, x: Tensor) -> Tensor:
        """Back to the units of the raw rows."""
        return (x - self.offset) / self.scale
