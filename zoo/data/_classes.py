"""Labels out of the columns that people keep them in."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.fingerprint import fingerprint as table_fingerprint
from zoo.tables.words import count

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt

_WHOLE = re.compile(r"-?\d{1,18}")
NO_LABEL = -1
_THIRDS = ("low", "middle", "high")


def class_labels(
    cells: Sequence[Any], name: str, where: str, missing: Collection[str] = ()
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Labels [rows] and what is odd about them.

    Whole numbers, also those written as text, become int64, with -1 for no label; anything else becomes strings, with
    "" for no label. Numbers with a fraction are quantities: their labels are low, middle and high, see `thirds`.

    Args:
        cells: one a row: numbers, strings, True and False, or None.
        name: what to call the column in messages.
        where: the file, for messages.
        missing: strings that stand for no label, beside "".

    Raises:
        InputError: no row has a label.
    """
    texts = [_text(cell) for cell in cells]
    known = [text != "" and text not in missing for text in texts]
    if not any(known):
        raise InputError(f"{where}: {name} has no label in any row; name another column, or leave the labels out")
    numbers = [cell if there else math.nan for cell, there in zip(cells, known, strict=True)]
    if all(isinstance(each, float | int) for each in numbers):
        quantities = np.asarray(numbers, np.float64)
        if not np.isinf(quantities).any() and (np.mod(quantities[known], 1) > 0).any():
            return thirds(quantities, name)
    if all(_WHOLE.fullmatch(text) for text, there in zip(texts, known, strict=True) if there):
        whole = [int(text) if there else NO_LABEL for text, there in zip(texts, known, strict=True)]
        labels: npt.NDArray[Any] = np.asarray(whole, dtype=np.int64)
        unlabelled = labels == NO_LABEL
    else:
        labels = np.asarray([text if there else "" for text, there in zip(texts, known, strict=True)], dtype=object)
        unlabelled = labels == ""
    return labels, _notes(labels, unlabelled, name, stands=int(np.count_nonzero(unlabelled)) - known.count(False))


def thirds(values: npt.NDArray[np.float64], name: str) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Labels [rows] of quantities [rows], NaN where there is none: the third that each is in, and a note on the bounds.

    Args:
        values: the quantities.
        name: what to call their column.
    """
    known = np.isfinite(values)
    cuts = np.quantile(values[known], [1 / 3, 2 / 3])
    if cuts[0] in (cuts[1], values[known].min()):  # a third of them or more are one value: thirds of the values, then
        cuts = np.quantile(np.unique(values[known]), [1 / 3, 2 / 3])
    labels = np.full(len(values), "", dtype=object)
    labels[known] = np.asarray(_THIRDS, dtype=object)[np.searchsorted(cuts, values[known], side="right")]
    said = f"below {cuts[0]:.4g} low, from {cuts[1]:.4g} on high"
    note = f"{name} holds quantities: what judges is the third that they are in, {said}."
    return labels, (note, *_notes(labels, ~known, name, stands=0))


def labelled(fingerprint: str, labels: npt.NDArray[Any] | None) -> str:
    """A table's fingerprint with its labels counted in: BLAKE2b (16 bytes, hexadecimal)."""
    if labels is None:
        return fingerprint
    return table_fingerprint(fingerprint, labels.tolist())


def _notes(labels: npt.NDArray[Any], unlabelled: npt.NDArray[np.bool_], name: str, *, stands: int) -> tuple[str, ...]:
    notes = []
    if stands:
        notes.append(f"{count(stands, 'row')} of {name} hold -1, which stands for no label.")
    elif unlabelled.any():
        notes.append(f"{count(int(unlabelled.sum()), 'row')} without a label in {name}.")
    classes = set(labels[~unlabelled].tolist())
    if len(classes) == 1:
        notes.append(f"Every label in {name} is {classes.pop()!r}, so nothing can be judged by labels.")
    return tuple(notes)


def _text(cell: Any) -> str:
    """A label as text; "" for none."""
    if cell is None or cell != cell:  # noqa: PLR0124  NaN
        return ""
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace").strip()
    if isinstance(cell, bool | float) and float(cell).is_integer():
        return str(int(cell))
    return str(cell).strip()
