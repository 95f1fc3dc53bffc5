"""What a user would want to know of cells that the encoder does not know, in the words of `zoo.Encoder.encode`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST = 8  # cells of a column
_NEARLY_ALL = 0.9  # of them


def remarks(names: Mapping[str, str], arrays: Mapping[str, Any], counts: Mapping[str, Any]) -> list[str]:
    """Columns of which nearly every cell that is not empty is unknown, and how many items are.

    Args:
        names: input -> the user's column.
        arrays: input -> cells [n], or items [n, longest], that were sent.
        counts: input -> how many of each row's [n] are not known.
    """
    found = []
    for name, array in arrays.items():
        if name not in counts or array.dtype != object:
            continue
        filled = np.vectorize(lambda cell: bool(cell.strip()), otypes=[bool])(array)
        total = int(filled.sum())
        if array.ndim > 1:
            unknown = int(np.sum(counts[name]))
            if unknown:
                found.append(f"{unknown:,} of {total:,} items are not known to the encoder and do not count")
            continue
        strange = np.asarray(counts[name], dtype=bool) & filled
        if total >= FEWEST and strange.sum() >= _NEARLY_ALL * total:
            some = ", ".join(
                repr(cell.decode("utf-8", "replace")) for cell in dict.fromkeys(array[strange][:3].tolist())
            )
            found.append(
                f"{int(strange.sum()):,} of {total:,} cells of '{names.get(name, name)}' are not known to the encoder, "
                f"such as {some}: is it the column, and written as it was trained on?"
            )
    return found
