"""Codes as small integers: one scale for all of a model's dimensions.

With one scale, cosines, inner products and distances of the integers are those of the codes that were judged, but for a
factor; nothing has to be multiplied before a search engine takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.quiet import import_tensorflow

if TYPE_CHECKING:
    from zoo.types import Floats

LARGEST = 127  # -128 is left out, so that the range is symmetric
_SHARE = 0.9999  # of the coordinates that must lie within the range


def scale_of(codes: Floats) -> float:
    """What one step stands for, so that almost every coordinate of [n, latent_dim] codes lies within -127 to 127."""
    reach = float(np.quantile(np.abs(codes), _SHARE))
    return float(np.float32(reach / LARGEST)) or 1.0


def quantized(codes: Any, scale: float) -> Any:
    """Codes as numbers of steps [n, latent_dim], not rounded yet, clipped to -127 to 127; tensors in the graph."""
    return import_tensorflow().clip_by_value(codes / scale, -float(LARGEST), float(LARGEST))


def as_int8(codes: Any, scale: float) -> Any:
    """Codes [n, latent_dim] as int8."""
    tf = import_tensorflow()
    return tf.cast(tf.round(quantized(codes, scale)), tf.int8)


def from_int8(integers: Any, scale: Any) -> Any:
    """Integers [n, latent_dim] as the codes they stand for, float32; `scale` is a number, or [n]."""
    tf = import_tensorflow()
    factor = tf.convert_to_tensor(scale, tf.float32)
    return tf.cast(integers, tf.float32) * (factor[:, None] if factor.shape.rank else factor)
