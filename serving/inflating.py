"""Inflates a gzip body piece by piece, within limits."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

from serving.budget import LARGE, QUICK, require_slow_lane, spend
from serving.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable

_INFLATED_AT_ONCE = 2**18  # bytes
_BYTES_OF_A_VALUE = 64  # inflating so many costs about as much as looking at a value


def inflated(body: bytes, largest: int, grow: Callable[[int], None] | None = None) -> bytes:
    """A gzip body inflated; a corrupt one becomes an empty one, as in TensorFlow Serving.

    Args:
        body: as it came.
        largest: bytes that it may have, inflated.
        grow: told with each further piece how many bytes there are now.

    Raises:
        ServingError: it is too large, or too much is under way.
    """
    if len(body) > QUICK // 8:  # numbers become three or four times as long, and zeros a thousand times
        require_slow_lane(LARGE)
    inflater = zlib.decompressobj(wbits=31)
    parts, size, left = [], 0, body
    try:
        while left and not inflater.eof:
            parts.append(inflater.decompress(left, _INFLATED_AT_ONCE))
            left = inflater.unconsumed_tail
            size += len(parts[-1])
            if size > largest:
                raise too_large(f"more than {largest}, inflated", largest)
            if grow is not None:
                grow(size)
            spend(len(parts[-1]) // _BYTES_OF_A_VALUE)
    except zlib.error:
        return b""
    return b"".join(parts) if inflater.eof else b""


def too_large(size: str, largest: int) -> TooLargeError:
    """The error for a body of so many bytes, where so many are taken at most."""
    return TooLargeError(
        f"The request's body has {size} bytes; this server takes {largest} (--rest_api_max_body_bytes)"
    )
