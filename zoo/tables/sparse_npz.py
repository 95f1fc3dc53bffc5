"""Sparse matrices, in the files that SciPy writes."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError
from zoo.tables.cells import whole
from zoo.tables.files import readable
from zoo.tables.memory_table import MemoryTable

if TYPE_CHECKING:
    from collections.abc import Collection

    from scipy.sparse import csr_array

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Table

MATRIX_COLUMNS = ("indices", "values")
_WIDTH = b"columns of the matrix"
_OWN = {"indptr", "indices", "format"}  # arrays of a matrix of rows; others say at least their format


def is_matrix(arrays: Collection[str]) -> bool:
    """Whether the arrays of a .npz file, by their names, are those of a sparse matrix."""
    return set(arrays) >= _OWN or set(arrays) >= {"format", "shape", "data"}


def load_matrix(source: ByteSource) -> csr_array:
    """The matrix of a file, in any of SciPy's formats, as CSR float32.

    It is in order, holds each place at most once, and no zeros. Numbers beyond float32 become infinite.

    Raises:
        InputError: not a complete file, not two dimensions, not numbers, or columns out of bounds.
    """
    from scipy import sparse

    with readable(source.name):
        try:
            with source.open() as file:
                loaded = sparse.load_npz(file)
        except (ValueError, KeyError, NotImplementedError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{source.name}: not a complete sparse matrix ({error}); write it with scipy.sparse.save_npz"
            ) from error
    return _tidy(loaded, source.name)


def open_matrix(source: ByteSource) -> MemoryTable:
    """A sparse matrix as a table of two columns of lists, `indices` and `values`. The file is read whole.

    Raises:
        InputError: see `load_matrix`.
    """
    return MemoryTable(source.name, _as_table(load_matrix(source)), source.identity())


def matrix_table(matrix: Any, where: str) -> Any:
    """A SciPy sparse array that a user holds as a `pyarrow.Table`, as `open_matrix` has it.

    Raises:
        InputError: see `load_matrix`.
    """
    return _as_table(_tidy(matrix.copy(), where))


def matrix_of(table: Table) -> csr_array:
    """The matrix of a table as `matrix_table` makes it, whatever columns there are beside.

    Raises:
        InputError: another table.
    """
    from scipy.sparse import csr_array

    from zoo.tables.table import read_whole

    width = width_of_matrix(table.schema)
    if width is None:
        raise InputError(
            f"{table.name}: a sparse array of SciPy's is wanted; dense rows are read by recipe=dense_vectors, or give "
            "scipy.sparse.csr_array(rows)"
        )
    indices, values = (whole(read_whole(table, MATRIX_COLUMNS).column(name)) for name in MATRIX_COLUMNS)
    lengths = np.asarray(indices.value_lengths().to_numpy(zero_copy_only=False), np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    parts = (each.flatten().to_numpy(zero_copy_only=False) for each in (values, indices))
    return csr_array((*parts, ends), shape=(len(lengths), width))


def _as_table(matrix: csr_array) -> Any:
    import pyarrow as pa

    ends = pa.array(matrix.indptr.astype(np.int64, copy=False))
    lists = [pa.LargeListArray.from_arrays(ends, pa.array(cells)) for cells in (matrix.indices, matrix.data)]
    table = pa.table(lists, names=list(MATRIX_COLUMNS))
    return table.replace_schema_metadata({_WIDTH: str(matrix.shape[1]).encode()})


def width_of_matrix(schema: Any) -> int | None:
    """How many columns the matrix has that a table is made of; None for any other table."""
    width = (schema.metadata or {}).get(_WIDTH)
    return None if width is None else int(width)


def _tidy(loaded: Any, where: str) -> csr_array:
    from scipy.sparse import csr_array

    if loaded.ndim != 2:
        raise InputError(f"{where}: expected a matrix [rows, columns], found an array of shape {list(loaded.shape)}")
    if loaded.dtype.kind not in "fiub":
        raise InputError(f"{where}: expected numbers, found entries of type {loaded.dtype}; save it as float32")
    try:
        if hasattr(loaded, "check_format"):
            loaded.check_format(full_check=True)
        csr = loaded.tocsr()
        with np.errstate(over="ignore"):
            matrix = csr_array((csr.data.astype(np.float32), csr.indices, csr.indptr), shape=csr.shape)
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{where}: the matrix contradicts itself ({error}); write it again with scipy.sparse.save_npz"
        ) from error
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix
