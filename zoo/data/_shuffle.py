"""An order that is shuffled well enough, of rows that are too many to hold: blocks in turn, through a buffer."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from zoo.types import Floats


def in_turn(sources: Iterable[Iterator[Floats]], at_once: int) -> Iterator[Floats]:
    """A block of each of so many sources, again and again; the next source takes the place of one that has ended."""
    waiting = iter(sources)
    turns = deque(islice(waiting, at_once))
    while turns:
        source: Iterator[Floats] | None = turns.popleft()
        while source is not None:
            block = next(source, None)
            if block is not None:
                turns.append(source)
                yield block
                break
            source = next(waiting, None)


def buffered(blocks: Iterable[Floats], size: int, random: np.random.Generator) -> Iterator[Floats]:
    """The rows of blocks [n, ...] through a buffer of `size` rows, in which each new one takes a random one's place.

    With no more rows than the buffer holds, every order is as likely as any other.
    """
    held: Floats | None = None
    filled = 0
    for whole in blocks:
        if held is None:
            held = np.empty((size, *whole.shape[1:]), np.float32)
        new = min(size - filled, len(whole))
        held[filled : filled + new] = whole[:new]
        filled += new
        for start in range(new, len(whole), size):
            block = whole[start : start + size]
            places = random.choice(size, len(block), replace=False)
            out = held[places]
            held[places] = block
            yield out
    if held is not None and filled:
        yield held[random.permutation(filled)]


def in_batches(blocks: Iterable[Floats], size: int) -> Iterator[Floats]:
    """The same rows in batches of exactly `size`; those that do not fill a last one are left out."""
    kept: list[Floats] = []
    count = 0
    for whole in blocks:
        kept.append(whole)
        count += len(whole)
        if count < size:
            continue
        rows = np.concatenate(kept) if len(kept) > 1 else whole
        full = count - count % size
        for start in range(0, full, size):
            yield rows[start : start + size]
        kept, count = [rows[full:]], count - full
