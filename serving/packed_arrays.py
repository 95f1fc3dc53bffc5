"""Arrays as blocks of bytes, and what they were.

Unpickling a list of a million texts takes Python's lock for a tenth of a second; cutting them out of one block gives it
back in between.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Described = tuple[str, str, tuple[int, ...]]  # name, type, shape
_TEXTS = "texts"


def packed(arrays: Mapping[str, Any]) -> tuple[list[Described], list[memoryview | bytes]]:
    """What arrays are, and their blocks: one of numbers, or the texts of `bytes` objects and where they end."""
    described: list[Described] = []
    blocks: list[memoryview | bytes] = []
    for name, array in arrays.items():
        if array.dtype == np.dtype(object):
            texts = array.ravel().tolist()
            ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
            described.append((name, _TEXTS, array.shape))
            blocks += [b"".join(texts), ends.tobytes()]
        else:
            described.append((name, array.dtype.str, array.shape))
            blocks.append(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return described, blocks


def unpacked(described: Sequence[Described], blocks: Sequence[bytes]) -> dict[str, Any]:
    """The arrays again; those of numbers are read-only."""
    arrays, ahead = {}, iter(blocks)
    for name, kind, shape in described:
        if kind == _TEXTS:
            array = np.empty(int(np.prod(shape, dtype=np.int64)), dtype=object)
            block, ends = next(ahead), np.frombuffer(next(ahead), dtype=np.int64)
            array[:] = _cut(block, ends)
            arrays[name] = array.reshape(shape)
        else:
            arrays[name] = np.frombuffer(next(ahead), dtype=kind).reshape(shape)
    return arrays


def _cut(block: bytes, ends: Any) -> list[bytes]:
    texts, begin = [], 0
    for end in memoryview(ends):
        texts.append(block[begin:end])
        begin = end
    return texts
