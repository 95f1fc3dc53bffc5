"""NumPy's files of several arrays."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.files import readable
from zoo.tables.memory_table import MemoryTable
from zoo.tables.sparse_npz import is_matrix, open_matrix
from zoo.tables.words import some

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.tables.byte_source import ByteSource

# What people call the array of rows, in this order.
VECTOR_ARRAYS = ("X", "x", "features", "embeddings", "vectors")
_IMAGES = ("images",)


def load_arrays(source: ByteSource) -> dict[str, Any]:
    """The arrays of a `.npz` file by their names.

    Raises:
        InputError: damaged, of Python objects, or a sparse matrix.
    """
    with readable(source.name):
        try:
            with source.open() as file, np.load(file, allow_pickle=False) as arrays:
                if is_matrix(arrays.files):
                    raise InputError(
                        f"{source.name}: holds a sparse matrix; read it with data._target_=zoo.data.SparseMatrix"
                    )
                return {name: arrays[name] for name in arrays.files}
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{source.name}: not a complete .npz file of numbers and strings ({error}); write it again with "
                "numpy.savez, strings as an array of type str and not object"
            ) from error


def open_npz(source: ByteSource) -> MemoryTable:
    """The arrays of a file that have as many rows as its vectors, as columns; a sparse matrix as `open_matrix` has it.

    Raises:
        InputError: see `load_arrays`, or no array of vectors.
    """
    import pyarrow as pa

    if _holds_matrix(source):
        return open_matrix(source)
    arrays = load_arrays(source)
    name = first_array(arrays)
    if name is None:
        raise InputError(
            f"{source.name}: no array holds rows [n, ...]; arrays: {', '.join(arrays) or 'none'}; write one with "
            "numpy.savez(file, X=rows)"
        )
    vectors = arrays[name]
    beside = {
        each: as_column(array.reshape(-1) if array.size == len(vectors) else array)
        for each, array in arrays.items()
        if each != name and array.shape[:1] == vectors.shape[:1] and array.size
    }
    others = [each for each in arrays if each not in {name, *beside}]
    notes = (f"Left out of {source.name}, for they have other numbers of rows: {some(others)}.",) if others else ()
    if vectors.ndim == 2:
        columns = {
            each: beside[each] if each in beside else as_column(vectors) for each in arrays if each not in others
        }
        return MemoryTable(source.name, pa.table(columns), source.identity(), notes)
    columns = {name: as_column(vectors), **beside}
    return MemoryTable(source.name, pa.table(columns), source.identity(), notes, tuple(vectors.shape[1:]))


def first_array(arrays: Mapping[str, Any]) -> str | None:
    """The array of rows [n, ...]: the first of those that people call so, else the one of the most rows; or None."""
    by_rows = sorted(arrays, key=lambda name: -len(arrays[name]) if arrays[name].ndim else 0)
    usual = (name for name in (*VECTOR_ARRAYS, *_IMAGES, *by_rows) if name in arrays)
    return next((name for name in usual if arrays[name].ndim > 1 and arrays[name].size), None)


def _holds_matrix(source: ByteSource) -> bool:
    with readable(source.name), source.open() as file:
        try:
            return zipfile.is_zipfile(file) and is_matrix([each.removesuffix(".npy") for each in _members(file)])
        except zipfile.BadZipFile:
            return False


def _members(file: Any) -> list[str]:
    with zipfile.ZipFile(file) as packed:
        return packed.namelist()


def as_column(array: Any) -> Any:
    """An array [n, ...] as a `pyarrow.Array` [n], of lists where it has more than one dimension."""
    import pyarrow as pa

    if array.dtype.kind == "f" and array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.ndim == 1:
        return pa.array(native)
    values = pa.array(np.ascontiguousarray(native).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(values, int(np.prod(array.shape[1:])))
