"""Rows that are odd because their cells do not go together, for tables of which nobody knows the anomalies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.types import Rows, Splits


def with_swapped_cells(
    splits: Splits, rows: Rows, share: float, random: np.random.Generator, where: str
) -> tuple[npt.NDArray[np.float32], Rows]:
    """A copy of a table in which half of some rows have cells of others of these rows.

    Each cell then holds what its column holds, and each column is as it was; what is odd is that the cells of a row do
    not go together. An anomaly of another kind (a number that no row has) is not among them.

    Args:
        splits: the table, of numbers.
        rows: [n] rows, half of which are changed.
        share: of the cells of a changed row that differ between rows, how many are another row's; one at least,
            and not all.
        random: draws rows and cells.
        where: what to call the table in messages.

    Returns:
        The features [rows, width], and the rows that were changed; a row whose cells came out as they were is none.

    Raises:
        InputError: fewer than 4 rows, or than 2 columns in which they differ.
    """
    known = np.asarray(splits.features)[rows]
    varying = np.flatnonzero((known != known[:1]).any(axis=0))
    width = len(varying)
    if width < 2 or len(rows) < 4:
        what = f"{len(rows)} rows to judge by" if len(rows) < 4 else f"{width} columns in which rows differ"
        raise InputError(
            f"{where}: has no labels, and of {what} no odd rows can be made: name the column of labels, with 0 for "
            "normal rows and 1 for anomalies"
        )
    drawn = random.permutation(rows)
    changed, donors = np.sort(drawn[: len(drawn) // 2]), drawn[len(drawn) // 2 :]
    features = np.array(splits.features, dtype=np.float32)
    count = min(max(round(share * width), 1), width - 1)
    taken = varying[random.random((len(changed), width)).argsort(axis=1)[:, :count]]
    others = random.choice(donors, len(changed))
    before = features[changed]
    features[changed[:, None], taken] = features[others[:, None], taken]
    differ = (features[changed] != before).any(axis=1)
    return features, changed[differ]
