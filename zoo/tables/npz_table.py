"""NumPy's files of several arrays."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.files import readable
from zoo.tables.memory_table import MemoryTable
from zoo.tables.sparse_npz import is_matrix, open_matrix

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zoo.tables.byte_source import ByteSource

# What people call the array of rows, in this order.
VECTOR_ARRAYS = ("X", "x", "features", "embeddings", "vectors")


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
    vectors = next((arrays[name] for name in _usual(arrays) if arrays[name].ndim > 1 and arrays[name].size), None)
    if vectors is None:
        raise InputError(
            f"{source.name}: no array holds rows [n, ...]; arrays: {', '.join(arrays) or 'none'}; write one with "
            "numpy.savez(file, X=rows)"
        )
    columns = {
        name: as_column(array) for name, array in arrays.items() if array.shape[:1] == vectors.shape[:1] and array.size
    }
    return MemoryTable(source.name, pa.table(columns), source.identity())


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


def _usual(arrays: Mapping[str, Any]) -> Iterable[str]:
    return [*(name for name in VECTOR_ARRAYS if name in arrays), *arrays]
