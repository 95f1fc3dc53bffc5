"""Cleans a table that a reader returned, in blocks, so that no second table is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.fingerprint import fingerprint as table_fingerprint
from zoo.tables.fingerprint import row_slices
from zoo.tables.keys import first_rows, require_utf8
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from zoo.data.readers._table import Table
    from zoo.types import Floats

_NAMED = 5


@dataclass(frozen=True)
class CleanTable:
    """A table without repeated keys or vectors that are not finite.

    Attributes:
        keys: [rows] str, no two equal.
        features: [rows, width] float32, C-contiguous, finite.
        duplicates: rows left out because their key came before.
        invalid: rows left out because they hold NaN or an infinity.
        notes: what was done, and what is odd, in sentences.
    """

    keys: npt.NDArray[np.object_]
    features: Floats
    duplicates: int
    invalid: int
    notes: tuple[str, ...]


@dataclass
class Scan:
    """What one pass over the table finds: finite [rows], all_zero (a count), minimum [width], maximum [width]."""

    finite: npt.NDArray[np.bool_]
    all_zero: int
    minimum: Floats
    maximum: Floats

    def add(self, other: Scan) -> None:
        """Counts the rows of another pass in; which of the rows are finite stays as it is."""
        self.all_zero += other.all_zero
        np.minimum(self.minimum, other.minimum, out=self.minimum)
        np.maximum(self.maximum, other.maximum, out=self.maximum)


def clean(table: Table, name: str, *, invalid: str, allow_constant: bool) -> CleanTable:
    """Checks and cleans a table.

    Args:
        table: what a reader returned.
        name: what to call it in messages.
        invalid: "drop" leaves out vectors that are not finite; anything else makes them an error.
        allow_constant: whether columns that never change are a note instead of an error.

    Raises:
        InputError: no rows, no columns, cells that are not numbers, vectors that are not finite, constant columns.
    """
    features = _as_float32(table.vectors, name)
    require_utf8(table.keys, name)
    keys = np.fromiter(table.keys, dtype=object, count=len(table.keys))
    first = np.zeros(len(keys), dtype=bool)
    first[list(first_rows(table.keys).values())] = True
    found = scan(features, first)
    bad = np.flatnonzero(first & ~found.finite)
    if bad.size and invalid != "drop":
        raise InputError(
            f"{name}: {bad.size:,} of {len(keys):,} vectors are NaN or infinite as float32 (keys: "
            f"{some(keys[bad].tolist())}); repair them, or leave them out with data.invalid=drop"
        )
    repeated = keys[~first]
    notes = list(table.notes)
    if repeated.size:
        notes.append(
            f"Dropped {count(repeated.size, 'row')} with a key that came before, first kept: {some(repeated.tolist())}."
        )
    if bad.size:
        notes.append(f"Dropped {count(bad.size, 'vector')} with NaN or infinite numbers: {some(keys[bad].tolist())}.")
    keep = first & found.finite
    if not keep.any():
        raise InputError(f"{name}: none of the {len(keys):,} vectors is finite; export the file again")
    notes += oddities(found, int(np.count_nonzero(keep)), name, allow_constant=allow_constant)
    return CleanTable(keys[keep], _compact(features, keep), int(repeated.size), int(bad.size), tuple(notes))


def oddities(found: Scan, rows: int, name: str, *, allow_constant: bool) -> list[str]:
    """What is odd about so many clean rows, in sentences.

    Raises:
        InputError: constant columns, or numbers too small to count.
    """
    notes = []
    if rows > 1:  # of a single row, every column is constant
        notes += _constant_columns(found, name, allow_constant=allow_constant)
        _refuse_tiny(found, name, allow_constant=allow_constant)
    if found.all_zero:
        notes.append(f"Found {count(found.all_zero, 'vector')} of zeros only; the cosine to any other is undefined.")
    return notes


def fingerprint(keys: Sequence[str] | npt.NDArray[np.object_], features: Floats) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over the shape, the keys and the vectors' little-endian bytes."""
    return table_fingerprint(f"{features.shape[0]} {features.shape[1]} ", keys, features.astype("<f4", copy=False))


def _as_float32(vectors: npt.NDArray[Any], name: str) -> Floats:
    """The table itself where it is float32 already, else its only converted copy."""
    if vectors.ndim != 2:
        raise InputError(f"{name}: expected a table [rows, width], found an array of shape {list(vectors.shape)}")
    if vectors.dtype.kind not in "fiub":
        raise InputError(f"{name}: expected numbers, found cells of type {vectors.dtype}; export it as float32")
    if vectors.shape[0] == 0:
        raise InputError(f"{name}: the table has no rows; download or export it again")
    if vectors.shape[1] == 0:
        raise InputError(f"{name}: the vectors have width 0; download or export the file again")
    with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite, and is then reported as such
        return np.ascontiguousarray(vectors, dtype=np.float32)


def scan(features: Floats, rows_in_use: npt.NDArray[np.bool_]) -> Scan:
    """One pass over rows [n, width], of which those in use count."""
    width = features.shape[1]
    found = Scan(
        finite=np.ones(len(features), dtype=bool),
        all_zero=0,
        minimum=np.full(width, np.inf, dtype=np.float32),
        maximum=np.full(width, -np.inf, dtype=np.float32),
    )
    for rows in row_slices(features):
        block = features[rows]
        found.finite[rows] = np.isfinite(block).all(axis=1)
        good = found.finite[rows] & rows_in_use[rows]
        if not good.all():
            block = block[good]
        found.all_zero += int(len(block) - np.count_nonzero(block.any(axis=1)))
        np.minimum(found.minimum, block.min(axis=0, initial=np.inf), out=found.minimum)
        np.maximum(found.maximum, block.max(axis=0, initial=-np.inf), out=found.maximum)
    return found


def _constant_columns(found: Scan, name: str, *, allow_constant: bool) -> list[str]:
    constant = np.flatnonzero(found.minimum == found.maximum)
    if not constant.size:
        return []
    numbers = [str(column) for column in constant[: 2 * _NAMED]]
    dots = ", .." if constant.size > len(numbers) else ""
    said = f"{constant.size} of {len(found.minimum)} columns never change: {', '.join(numbers)}{dots} (from 0)"
    if allow_constant:
        return [f"{said}; they carry nothing."]
    raise InputError(
        f"{name}: {said}; they carry nothing, so leave them out of the file, "
        "or train on them anyway with data.allow_constant=true"
    )


def _refuse_tiny(found: Scan, name: str, *, allow_constant: bool) -> None:
    """Raises InputError for numbers that processors take for 0, as they do with those below float32's normal ones."""
    largest = np.maximum(np.abs(found.minimum), np.abs(found.maximum))
    tiny = np.flatnonzero((largest > 0) & (largest < np.finfo(np.float32).tiny))
    if tiny.size and not allow_constant:
        raise InputError(
            f"{name}: {count(int(tiny.size), 'column')} of {len(largest)} hold no number above 1.2e-38, below which "
            f"float32 numbers count as 0 (from 0: {', '.join(map(str, tiny[:_NAMED]))}); multiply them, or train on "
            "them anyway with data.allow_constant=true"
        )


def _compact(features: Floats, keep: npt.NDArray[np.bool_]) -> Floats:
    """The kept rows: the table itself, moved up inside its own memory, or (a read-only map) one copy."""
    if keep.all():
        return features
    kept = np.flatnonzero(keep)
    if not features.flags.writeable:
        return np.asarray(features[kept])
    # Rows only ever move up, so a block never overwrites a row that a later block still needs.
    for rows in row_slices(features[: len(kept)]):
        features[rows] = features[kept[rows]]
    return features[: len(kept)]
