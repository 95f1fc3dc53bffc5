"""Each row at most once: the surest pairs first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from zoo.matching.arrays import Ints, Reals, Truths


def one_to_one(left: Ints, right: Ints, *scores: Reals) -> Truths:
    """Which pairs [pairs] remain if no row may be in two of them: greedily, the surest first.

    Args:
        left: [pairs] rows of the first table.
        right: [pairs] rows of the second.
        scores: [pairs] each; the first decides, and each next one between equals. Then come the rows' numbers.
    """
    order = np.lexsort((right, left, *(-each for each in reversed(scores))))
    kept = np.zeros(len(left), bool)
    used_left, used_right = set(), set()
    for pair, one, other in zip(order.tolist(), left[order].tolist(), right[order].tolist(), strict=True):
        if one not in used_left and other not in used_right:
            used_left.add(one)
            used_right.add(other)
            kept[pair] = True
    return kept
