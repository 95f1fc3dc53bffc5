"""What identifies the content of a table."""

from __future__ import annotations

import math
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import numpy.typing as npt

_BLOCK = 2**22  # bytes at once, so that no second table is made


def fingerprint(head: str, *pieces: Iterable[Any] | npt.NDArray[Any]) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over a text, such as the shape, and pieces: arrays' bytes, or texts.

    An array counts in the byte order that it has: give one that is little-endian. Anything else is texts, or what `str`
    makes texts of.
    """
    digest = blake2b(head.encode(), digest_size=16)
    for piece in pieces:
        if isinstance(piece, np.ndarray) and piece.dtype != object:
            for rows in row_slices(piece):
                digest.update(np.ascontiguousarray(piece[rows]).data)
        else:
            digest.update("".join(f"{text}\0" for text in piece).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def row_slices(table: npt.NDArray[Any]) -> Iterator[slice]:
    """Slices of the rows of an array, each of a few MiB (and at least a row)."""
    step = max(1, _BLOCK // max(1, math.prod(table.shape[1:]) * table.itemsize))
    for start in range(0, len(table), step):
        yield slice(start, min(start + step, len(table)))
