"""Vectors, keys and labels out of NumPy files; which function reads a file."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, suggestion
from zoo.tables.files import readable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_VECTOR_ARRAYS = ("X", "x", "features", "embeddings", "vectors")
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
    """

    vectors: npt.NDArray[Any]
    keys: list[str] | None
    labels: list[Any] | None
    label_name: str = ""
    notes: tuple[str, ...] = ()


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
    with readable(path):
        try:
            vectors = np.load(path, mmap_mode="r", allow_pickle=False)
        except ValueError as error:
            raise InputError(
                f"{path}: not a complete .npy file of numbers ({error}); write it again with numpy.save"
            ) from error
    return VectorFile(_two_dimensional(vectors, str(path)), None, None)


def read_npz(path: Path, wanted: Wanted) -> VectorFile:
    """Reads the arrays of a `.npz` file."""
    if wanted.columns is not None:
        raise InputError(f"{path}: data.columns means nothing for a .npz file; name its array with data.vector_column=")
    with readable(path):
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return _from_arrays(path, arrays, wanted)
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path}: not a complete .npz file of numbers and strings ({error}); write it again with numpy.savez, "
                "strings as an array of type str and not object"
            ) from error


def _from_arrays(path: Path, arrays: Any, wanted: Wanted) -> VectorFile:
    if {"indptr", "indices", "format"} <= set(arrays.files):
        raise InputError(f"{path}: holds a sparse matrix; read it with data._target_=zoo.data.SparseMatrix")
    vector_name = _array_name(path, arrays, "vector_column", wanted.vector_column, _VECTOR_ARRAYS)
    if vector_name is None:
        raise InputError(
            f"{path}: no array is called {', '.join(_VECTOR_ARRAYS[:-1])} or {_VECTOR_ARRAYS[-1]}; name the one that "
            f"holds the vectors with data.vector_column=; arrays: {', '.join(arrays.files) or 'none'}"
        )
    vectors = _two_dimensional(arrays[vector_name], f"{path}, array '{vector_name}'")
    label_name = _array_name(path, arrays, "label_column", wanted.label_column, _LABEL_ARRAYS)
    key_name = _array_name(path, arrays, "key_column", wanted.key_column, _KEY_ARRAYS)
    labels = None if label_name is None else _one_dimensional(path, arrays, label_name, len(vectors))
    keys = None if key_name is None else _one_dimensional(path, arrays, key_name, len(vectors))
    return VectorFile(vectors, None if keys is None else [str(key) for key in keys], labels, f"array '{label_name}'")


def _array_name(path: Path, arrays: Any, option: str, wanted: str | None, usual: Sequence[str]) -> str | None:
    if wanted is None:
        return next((name for name in usual if name in arrays.files), None)
    if wanted not in arrays.files:
        hint = suggestion(wanted, arrays.files, what="arrays")
        raise InputError(f"{path}: data.{option}={wanted}: no such array; {hint}")
    return wanted


def _two_dimensional(vectors: npt.NDArray[Any], what: str) -> npt.NDArray[Any]:
    if vectors.ndim != 2:
        raise InputError(f"{what}: expected a table [rows, width], found an array of shape {list(vectors.shape)}")
    return vectors


def _one_dimensional(path: Path, arrays: Any, name: str, rows: int) -> list[Any]:
    values = arrays[name]
    if values.size != rows or max(values.shape, default=0) != rows:
        raise InputError(
            f"{path}: array '{name}' has the shape {list(values.shape)}, but there are {rows:,} vectors; it must hold "
            "one entry for each of them"
        )
    cells: list[Any] = values.reshape(-1).tolist()
    return cells
