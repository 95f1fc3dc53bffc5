"""Labels of a mixed table: classes, or the thirds that quantities are in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._classes import class_labels, thirds
from zoo.data._record_fields import number_in
from zoo.rows._cells import texts_of
from zoo.rows.plain_text import MissingCells
from zoo.tables.read_table import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_MOST_CLASSES = 20  # different numbers, beyond which they are quantities


def classes_of(table: Any, name: str, missing: Sequence[str], where: str) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Labels [rows] of a `pyarrow.Table`'s column, and what is odd about them; see `class_labels`.

    Numbers with fractions, or more than 20 different ones, are quantities: their labels are low, middle and high, by
    the thirds of the rows.

    Raises:
        InputError: no such column, or no row has a label.
    """
    texts = texts_of(column_of(table, name, "data.label_column", where))
    nothing = MissingCells(tuple(missing))
    known = np.asarray([text not in nothing for text in texts.tolist()], dtype=bool)
    numbers = [number_in(text) for text in texts[known].tolist()]
    if numbers and all(number is not None for number in numbers):
        values = np.asarray(numbers, np.float64)
        if len(np.unique(values)) > _MOST_CLASSES or (values != np.floor(values)).any():
            quantities = np.full(len(texts), np.nan)
            quantities[known] = values
            return thirds(quantities, name)
    cells = [text if there else None for text, there in zip(texts.tolist(), known.tolist(), strict=True)]
    return class_labels(cells, name, where)
