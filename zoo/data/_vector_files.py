"""Vectors, keys and labels out of NumPy files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.tables.npy_table import mapped
from zoo.tables.npz_table import VECTOR_ARRAYS, load_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from zoo.data._read_columns import ReadColumns
    from zoo.tables.byte_source import ByteSource

_LABEL_ARRAYS = ("y", "labels")
_KEY_ARRAYS = ("keys",)


@dataclass(frozen=True)
class VectorFile:
    """What a file holds, not yet cleaned.

    Attributes:
        vectors: [rows, width] numbers; NaN where a cell is missing.
        keys: [rows] names of the rows, or None.
        labels: [rows] cells of the column of labels, or None.
        label_name: what to call that column in messages.
        notes: what was decided that the file's owner would want to know.
        columns: [width] names of the columns of numbers that make up the vectors; empty where nobody named them.
        read: which columns of a table those are, named by somebody or not; None for an array.
    """

    vectors: npt.NDArray[Any]
    keys: list[str] | None
    labels: list[Any] | None
    label_name: str = ""
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    read: ReadColumns | None = None


@dataclass(frozen=True)
class Wanted:
    """The columns, or arrays, that the user named; see `zoo.data.Vectors`."""

    vector_column: str | None
    label_column: str | None
    key_column: str | None
    columns: Sequence[str] | None


def read_npy(path: Path, wanted: Wanted) -> VectorFile:
    """Maps a `.npy` table into memory."""
    for option in ("vector_column", "label_column", "key_column", "columns"):
        if getattr(wanted, option) is not None:
            raise InputError(
                f"{path}: data.{option} means nothing for a .npy file, which holds a single array; leave it out, or "
                "write a .npz file or a Parquet file with named columns"
            )
    return VectorFile(_two_dimensional(mapped(path), str(path)), None, None)


def read_npz(source: ByteSource, wanted: Wanted) -> VectorFile:
    """Reads the arrays of a `.npz` file."""
    where = source.name
    if wanted.columns is not None:
        raise InputError(
            f"{where}: data.columns means nothing for a .npz file; name its array with data.vector_column="
        )
    arrays = load_arrays(source)
    vector_name = _array_name(where, arrays, "vector_column", wanted.vector_column, VECTOR_ARRAYS)
    if vector_name is None:
        raise InputError(
            f"{where}: no array is called {', '.join(VECTOR_ARRAYS[:-1])} or {VECTOR_ARRAYS[-1]}; name the one that "
            f"holds the vectors with data.vector_column=; arrays: {', '.join(arrays) or 'none'}"
        )
    vectors = _two_dimensional(arrays[vector_name], f"{where}, array '{vector_name}'")
    label_name = _array_name(where, arrays, "label_column", wanted.label_column, _LABEL_ARRAYS)
    key_name = _array_name(where, arrays, "key_column", wanted.key_column, _KEY_ARRAYS)
    labels = None if label_name is None else _one_dimensional(where, arrays, label_name, len(vectors))
    keys = None if key_name is None else _one_dimensional(where, arrays, key_name, len(vectors))
    return VectorFile(vectors, None if keys is None else [str(key) for key in keys], labels, f"array '{label_name}'")


def _array_name(
    where: str, arrays: Mapping[str, Any], option: str, wanted: str | None, usual: Sequence[str]
) -> str | None:
    if wanted is None:
        return next((name for name in usual if name in arrays), None)
    if wanted not in arrays:
        raise InputError(f"{where}: data.{option}={wanted}: no such array; {suggestion(wanted, arrays, what='arrays')}")
    return wanted


def _two_dimensional(vectors: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if vectors.ndim != 2:
        raise InputError(f"{what}: expected a table [rows, width], found an array of shape {list(vectors.shape)}")
    return vectors


def _one_dimensional(where: str, arrays: Mapping[str, Any], name: str, rows: int) -> list[Any]:
    values = arrays[name]
    if values.size != rows or max(values.shape, default=0) != rows:
        raise InputError(
            f"{where}: array '{name}' has the shape {list(values.shape)}, but there are {rows:,} vectors; it must hold "
            "one entry for each of them"
        )
    cells: list[Any] = values.reshape(-1).tolist()
    return cells
