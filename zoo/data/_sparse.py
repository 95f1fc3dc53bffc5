"""What sources of sparse tables share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._row_split import refuse_empty
from zoo.tables.fingerprint import fingerprint as table_fingerprint
from zoo.types import Splits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.rows.row_kind import RowKind
    from zoo.types import Rows

SPLITS = ("train", "validation", "test")


def sparse_splits(
    features: csr_array,
    keys: Sequence[str],
    rows: Mapping[str, Rows],
    *,
    name: str,
    options: str,
    provenance: Mapping[str, Any],
    kind: RowKind,
    raw: Any = None,
    labels: npt.NDArray[Any] | None = None,
    notes: Sequence[str] = (),
) -> Splits:
    """Puts a source's sparse rows and what is known about them together.

    Args:
        features: [rows, columns] float32, in order and without double entries.
        keys: [rows] names.
        rows: row numbers of train, validation and test.
        name: what to call the rows in messages.
        options: the options that decide the splits, such as "data.test=0.2".
        provenance: where the rows come from.
        kind: what they are.
        raw: see `zoo.types.Splits`.
        labels: [rows] classes, or None.
        notes: what was done to them.

    Raises:
        InputError: a split has no rows.
    """
    from zoo.data._classes import labelled

    refuse_empty(rows, len(keys), name=name, options=options)
    features = _compact(features)
    counted = {
        "rows": int(features.shape[0]),
        "width": int(features.shape[1]),
        "entries": int(features.nnz),
        "splits": {split: len(numbers) for split, numbers in rows.items()},
        "fingerprint": labelled(fingerprint(features, keys, kind.categories), labels),
    }
    return Splits(
        features=features,
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
        keys=np.fromiter(keys, dtype=object, count=len(keys)),
        labels=labels,
        provenance={**provenance, **counted},
        notes=tuple(notes),
        kind=kind,
        raw=raw,
    )


def fingerprint(features: csr_array, keys: Sequence[str], categories: Mapping[str, tuple[str, ...]] | None) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over the shape, the keys, the columns' names and the entries, little-endian."""
    names = [name for field, names in (categories or {}).items() for name in (field, *names)]
    # The same bytes whether SciPy chose 32 or 64 bits for the numbers of rows and columns.
    ends, indices = (array.astype("<i8", copy=False) for array in (features.indptr, features.indices))
    head = f"{features.shape[0]} {features.shape[1]} "
    return table_fingerprint(head, keys, names, ends, indices, features.data.astype("<f4", copy=False))


def _compact(features: csr_array) -> csr_array:
    """The same rows with 32 bits for each number of a column where they are enough, as TensorFlow takes them."""
    from scipy.sparse import csr_array

    if max(features.nnz, features.shape[1]) > np.iinfo(np.int32).max:
        return features
    indices, ends = (array.astype(np.int32, copy=False) for array in (features.indices, features.indptr))
    return csr_array((features.data, indices, ends), shape=features.shape)


def split_rows(keys: Sequence[str], validation: float, test: float) -> dict[str, Rows]:
    """Row numbers of each split, from the hash of each row's key alone."""
    from zoo.data._key_split import split_by_key

    return dict(zip(SPLITS, split_by_key(list(keys), validation=validation, test=test), strict=True))


def kept_rows(rows: Mapping[str, Rows], keep: npt.NDArray[np.bool_]) -> dict[str, Rows]:
    """The splits' row numbers in the table that is left when only the rows `keep` [rows] stay."""
    number = np.cumsum(keep, dtype=np.int64) - 1
    return {split: number[numbers[keep[numbers]]] for split, numbers in rows.items()}
