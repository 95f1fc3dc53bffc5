"""The shapes of arrays of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

CHANNELS = (1, 3)
_MAY_BE_FIRST = (1, 3, 4)
_LEAST = 2  # pixels of a side


def image_shape(shape: Sequence[int], where: str) -> tuple[int, int, int]:
    """Height, width and channels of an array's rows; without an axis of channels they are grey.

    Args:
        shape: [rows, height, width] or [rows, height, width, channels].
        where: what to call the array in messages.

    Raises:
        InputError: an array of other dimensions, channels first, or other than one or three channels.
    """
    came = list(shape)
    if len(came) not in {3, 4}:
        raise InputError(
            f"{where}: an array of shape {came}, and images are wanted: [rows, height, width] of grey ones, or "
            "[rows, height, width, channels]"
        )
    height, width, channels = (*came[1:], 1)[:3]
    if min(height, width) < _LEAST or channels not in CHANNELS:
        raise InputError(f"{where}: an array of shape {came}, and images are wanted: {_instead(came)}")
    return height, width, channels


def channels_are_first(shape: Sequence[int]) -> bool:
    """Whether a shape [rows, a, b, c] looks like channels before height and width, as PyTorch keeps images."""
    return len(shape) == 4 and shape[1] in _MAY_BE_FIRST and shape[3] not in _MAY_BE_FIRST


def _instead(came: Sequence[int]) -> str:
    if channels_are_first(came):
        return "channels are first here, as PyTorch has them, and last is wanted: numpy.moveaxis(images, 1, -1)"
    if len(came) == 4 and came[3] in {2, 4}:
        keep = came[3] - 1
        return f"{came[3]} channels, the last of which is mostly transparency: leave it out with images[..., :{keep}]"
    return "with one channel or three, the last axis, and sides of 2 pixels or more; other rows are vectors: " + (
        "numpy.reshape(array, (len(array), -1)) and recipe=dense_vectors"
    )
