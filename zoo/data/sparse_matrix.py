"""Sparse rows that are ready: a matrix that SciPy wrote."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.query import Query
    from zoo.types import Fraction, PositiveInt, Splits


class SparseMatrix:
    """A source of rows from a file of `scipy.sparse.save_npz`, in any of SciPy's formats.

    Counts, weights or ones, none below 0. A row's split depends on the hash of its number in the file, from 0, which is
    its key. Rows without entries are left out.

    Args:
        path: the .npz file of the matrix [rows, columns], or its URL; this or `table`.
        labels: a file of classes [rows], .npy or a table of one column, which only judging sees: whole
            numbers (-1 for none) or words.
        names: a text file with the names of the columns, one a line, in their order; an exported encoder then takes
            lists of names, and beside them lists of values unless the entries are counts of up to 255.
        validation: fraction of rows for early stopping.
        test: fraction of rows that only judging sees.
        min_items: a row is left out that has fewer entries.
        table: a sparse array in memory, in place of a file, see `zoo.run`.
        label_column: the column of classes beside it.

    Raises:
        InputError: the fractions leave nothing to train on.

    Example:
        >>> scipy.sparse.save_npz("terms.npz", matrix)
        >>> SparseMatrix("terms.npz", names="terms.txt").load().is_sparse
        True
    """

    def __init__(
        self,
        path: str | None = None,
        labels: str | None = None,
        names: str | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        min_items: PositiveInt = 1,
        table: Query | None = None,
        label_column: str | None = None,
    ) -> None:
        from zoo.data._row_split import refuse_shares

        self.path, self.table, self.label_column = path, table, label_column
        self.labels = labels
        self.names = names
        self.validation = validation
        self.test = test
        self.min_items = min_items
        refuse_shares(validation, test)
        if (path is None) == (table is None):
            raise InputError("give data.path=, a file of scipy.sparse.save_npz, or a sparse array by zoo.run(data=)")

    def load(self) -> Splits:
        """Reads, checks and splits the matrix.

        Returns:
            features [rows, columns] CSR float32 without zeros or double entries, keys [rows] str, labels [rows] or
            None, and the columns' names if there are any.

        Raises:
            InputError: a file cannot be read, does not fit the matrix, or holds what cannot be used.
        """
        from zoo.data._sparse import kept_rows, sparse_splits, split_rows
        from zoo.rows.item_rows import ItemRows
        from zoo.rows.sparse_rows import SparseRows

        matrix, where, origin = self._read()
        _require_counts(matrix, where)
        filled = np.diff(matrix.indptr) >= self.min_items
        if not filled.any():
            few = (
                "no entries; save it again" if not matrix.nnz else f"no row of data.min_items={self.min_items} entries"
            )
            raise InputError(f"{where}: the matrix [{matrix.shape[0]}, {matrix.shape[1]}] has {few}")
        numbers = np.flatnonzero(filled)
        labels, label_notes = self._read_labels(matrix.shape[0], numbers, where)
        rows = split_rows([str(row) for row in range(matrix.shape[0])], self.validation, self.test)
        features = matrix if filled.all() else matrix[numbers]
        names = self._read_names(matrix.shape[1])
        files = {name: value for name in ("labels", "names") if (value := getattr(self, name)) is not None}
        return sparse_splits(
            features,
            [str(row) for row in numbers],
            kept_rows(rows, filled),
            name=where,
            options=f"data.validation={self.validation} or data.test={self.test}",
            provenance={
                "source": type(self).__name__,
                **origin,
                **files,
            },
            kind=SparseRows(matrix.shape[1]) if names is None else ItemRows.of_values(names, matrix.data),
            labels=labels,
            notes=(*_notes(features, matrix.shape[0], self.min_items), *label_notes),
        )

    def _read(self) -> tuple[csr_array, str, dict[str, Any]]:
        """The matrix, what to call it, and where it comes from."""
        from zoo.tables.byte_source import ByteSource
        from zoo.tables.files import existing_file
        from zoo.tables.open_table import origin_of
        from zoo.tables.sparse_npz import load_matrix, matrix_of

        if self.table is not None:
            return matrix_of(self.table), self.table.name, origin_of(self.table)
        place = str(self.path)
        source = ByteSource(place if "://" in place else existing_file(place, "data.path"))
        _refuse_dense(source)
        return load_matrix(source), source.name, {"path": source.name, "file_bytes": source.size()}

    def _read_labels(
        self, rows: int, kept: npt.NDArray[np.int64], where: str
    ) -> tuple[npt.NDArray[Any] | None, tuple[str, ...]]:
        from zoo.data._classes import class_labels
        from zoo.data._label_files import WHAT, read_labels
        from zoo.tables.read_table import column_of
        from zoo.tables.table import read_whole

        if self.table is not None and self.label_column is not None:
            cells = column_of(read_whole(self.table), self.label_column, "data.label_column", where).to_pylist()
            return class_labels([cells[row] for row in kept], f"'{self.label_column}'", where)
        if self.labels is None:
            return None, ()
        labels = read_labels(self.labels, rows, where)
        return class_labels(labels[kept].tolist(), WHAT, self.labels)

    def _read_names(self, columns: int) -> list[str] | None:
        from zoo.tables.files import existing_file
        from zoo.tables.text_file import read_text

        if self.names is None:
            return None
        path = existing_file(self.names, "data.names")
        names = [line.strip() for line in read_text(path).removesuffix("\n").split("\n")]
        if len(names) != columns:
            raise InputError(
                f"{path} has {len(names):,} lines, but {self.path} has {columns:,} columns; data.names must hold the "
                "names of exactly these columns, one a line, in their order"
            )
        lines: dict[str, int] = {}
        for line, name in enumerate(names, start=1):
            if not name:
                raise InputError(f"{path}, line {line}: empty; every column needs a name")
            if name in lines:
                raise InputError(f"{path}, line {line}: {name!r} is the name of line {lines[name]} already")
            lines[name] = line
        return names


def _refuse_dense(source: ByteSource) -> None:
    """Raises InputError for NumPy's own files, with the source that reads them."""
    from zoo.tables.files import readable
    from zoo.tables.sparse_npz import is_matrix

    with readable(source.name), source.open() as file:
        try:
            loaded = np.load(file, allow_pickle=False)
        except (ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{source.name}: not a file of scipy.sparse.save_npz ({error}); write the matrix with that"
            ) from error
        if isinstance(loaded, np.ndarray):
            raise InputError(f"{source.name}: a dense array; read it with data._target_=zoo.data.Vectors")
        if not is_matrix(loaded.files) and "format" not in loaded.files:
            raise InputError(
                f"{source.name}: an .npz file of dense arrays ({', '.join(loaded.files)}), not a sparse matrix; read "
                "it with data._target_=zoo.data.Vectors, or write a sparse one with scipy.sparse.save_npz"
            )


def _require_counts(matrix: csr_array, where: str) -> None:
    """Raises InputError for entries that are negative or not finite."""
    bad = np.flatnonzero(~(np.isfinite(matrix.data) & (matrix.data >= 0)))
    if bad.size:
        row = int(np.searchsorted(matrix.indptr, bad[0], side="right")) - 1
        raise InputError(
            f"{where}: row {row}, column {matrix.indices[bad[0]]} (from 0) is {matrix.data[bad[0]]}; entries must be "
            f"finite and not below 0 ({bad.size:,} are not): repair them, or read dense rows with zoo.data.Vectors"
        )


def _notes(features: csr_array, rows: int, least: int) -> tuple[str, ...]:
    from zoo.tables.words import count

    notes = []
    if features.shape[0] < rows:
        few = "without entries" if least == 1 else f"with fewer than {least} entries"
        notes.append(f"Dropped {count(rows - features.shape[0], 'row')} {few}.")
    empty = features.shape[1] - len(np.unique(features.indices))
    if empty:
        notes.append(f"{count(empty, 'column')} without entries: nothing can be learnt about them.")
    return tuple(notes)
