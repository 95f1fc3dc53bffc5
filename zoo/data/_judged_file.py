"""A table to fit to and another to judge by, as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from zoo.errors import InputError
from zoo.tables.words import some

if TYPE_CHECKING:
    from typing import Any

    import numpy.typing as npt

    from zoo.types import Splits


def with_judged(fitted: Splits, judged: Splits, path: str) -> Splits:
    """The rows of a table, none held out, and behind them those of another, by which alone is judged.

    Rows without keys are numbered on.

    Args:
        fitted: the table to train on; its held-out rows count as training rows.
        judged: the other table.
        path: of the other table.

    Raises:
        InputError: rows of another width, or keys that both have.
    """
    if judged.shape != fitted.shape:
        raise InputError(
            f"data.judged={path}: rows of {judged.width} numbers, and those to fit to have {fitted.width}; both come "
            "from one model"
        )
    count = len(fitted)
    rows = np.arange(count, count + len(judged))
    return replace(
        fitted,
        features=np.concatenate([fitted.features, judged.features]),
        train=np.setdiff1d(np.arange(count), fitted.validation),
        test=rows,
        keys=_keys(fitted, judged, path),
        labels=_labels(fitted, judged),
        judged_only=rows,
        provenance={**fitted.provenance, "judged": dict(judged.provenance)},
        notes=(*fitted.notes, *(f"{path}: {note}" for note in judged.notes if "data.fit_on_all" not in note)),
    )


def _keys(fitted: Splits, judged: Splits, path: str) -> npt.NDArray[Any]:
    assert fitted.keys is not None  # noqa: S101  the source gives rows numbers for want of keys
    assert judged.keys is not None  # noqa: S101
    own, others = fitted.keys, judged.keys
    if all(keys.tolist() == [str(row) for row in range(len(keys))] for keys in (own, others)):
        return np.asarray([str(row) for row in range(len(own) + len(others))], dtype=object)
    both = sorted(set(own.tolist()) & set(others.tolist()))
    if both:
        raise InputError(
            f"data.judged={path}: {len(both):,} of its keys are those of rows to fit to, such as {some(both)}; leave "
            "them out of one of the two, or rename them"
        )
    return np.concatenate([own.astype(object), others.astype(object)])


def _labels(fitted: Splits, judged: Splits) -> npt.NDArray[Any] | None:
    """Those of both; none where only one of them has any, or they are of two types."""
    own, others = fitted.labels, judged.labels
    if own is None or others is None or own.dtype.kind != others.dtype.kind:
        return None
    return np.concatenate([own, others])
