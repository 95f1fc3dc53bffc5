"""Data for the page's script: numbers in few bytes, compressed, as text that no markup can come out of."""

from __future__ import annotations

import base64
import gzip
import json
import struct
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from zoo.types import Doubles

_TYPES = {"u1": "Uint8Array", "u2": "Uint16Array", "i2": "Int16Array", "u4": "Uint32Array"}
FULL = 65_535


def packed(facts: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> str:
    """Facts and arrays as gzip in base64.

    The bytes are: the length of the head (4 bytes, little-endian), the head as JSON, then the arrays. The head has the
    facts, and under `arrays` the name, the JavaScript type and the length of each.
    """
    described = [[name, _TYPES[array.dtype.str[1:]], int(array.size)] for name, array in arrays.items()]
    head = json.dumps({**facts, "arrays": described}, separators=(",", ":"), ensure_ascii=True).encode()
    body = b"".join(array.astype(array.dtype.newbyteorder("<")).tobytes() for array in arrays.values())
    return compressed(struct.pack("<I", len(head)) + head + body)


def compressed(content: bytes) -> str:
    """Gzip in base64, the same for the same bytes."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()


@cache
def plotly_bundle() -> str:
    """Plotly's script as gzip in base64: 2 MB instead of 5."""
    from plotly.offline import get_plotlyjs

    return compressed(get_plotlyjs().encode())


def quantised(values: Doubles) -> npt.NDArray[np.uint16]:
    """Values as whole numbers from 0 to 65,535, from the smallest to the largest of each column."""
    low, high = values.min(axis=0), values.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    return np.asarray(((values - low) / span * FULL).round(), np.uint16)


def smallest(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Whole numbers from 0 on, in the smallest type that holds them."""
    top = int(values.max(initial=0))
    return values.astype(np.uint8 if top < 2**8 else np.uint16 if top < 2**16 else np.uint32)
