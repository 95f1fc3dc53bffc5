"""Training rows beside the same rows as someone else would write them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.parts import COPY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.types import Splits

_COPIED, _COPIES, _BLOCK = 30_000, 3, 4_096  # rows that are copied before training at most, and times each


def can_be_rewritten(splits: Splits) -> bool:
    """Whether the kind of row knows how others write it, and the raw cells are there."""
    return splits.rewritten(splits.train[:1], 0) is not None


def wants_copies(model: Any, splits: Splits) -> bool:
    """Whether training is on rows beside their copies.

    Raises:
        InputError: it is to be, and the kind of row cannot be written again.
    """
    if model.view != COPY:
        return False
    if not can_be_rewritten(splits):
        raise InputError(
            f"a term of the model is of copies, and nobody knows how others write {splits.kind.in_words()}; take "
            "of=corruption, or a source of records, such as zoo.data.Records"
        )
    return True


def with_copies(splits: Splits, seed: int) -> Iterator[tuple[Any, Any]]:
    """Blocks of the training rows beside what others would write for them: several times where there are few."""
    times = max(1, min(_COPIES, _COPIED // len(splits.train)))
    # from all over the table: it may be sorted, and two tables lie one after the other
    chosen = np.unique(np.linspace(0, len(splits.train) - 1, min(_COPIED, len(splits.train))).astype(np.int64))
    rows = splits.train[chosen]
    for number in range(times):
        for start in range(0, len(rows), _BLOCK):
            own = rows[start : start + _BLOCK]
            copies = splits.rewritten(own, [seed, number, start])
            if copies is not None:
                yield splits.take(own), copies.take(copies.test)
