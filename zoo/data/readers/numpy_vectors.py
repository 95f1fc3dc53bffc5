"""NumPy's format, with the keys in a file of their own."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from zoo.data.readers._table import Table
from zoo.data.readers._vocabulary import read_vocabulary
from zoo.errors import InputError
from zoo.tables.files import existing_file
from zoo.tables.npy_table import mapped


class NumpyVectors:
    """Reads a `.npy` table [rows, width] as a memory map; row i has key i of the vocabulary file."""

    suffixes: ClassVar[tuple[str, ...]] = (".npy",)

    def read(self, path: Path | str, limit: int | None = None, vocabulary: str | None = None) -> Table:
        """Maps the first `limit` rows: keys [rows], vectors [rows, width] in the file's own number type.

        Raises:
            InputError: no vocabulary or one of another length, not a .npy file, or not a table of two dimensions.
        """
        if "://" in str(path):
            raise InputError(f"{path}: a .npy file and its keys are read from this machine only; copy it here")
        if vocabulary is None:
            raise InputError(
                f"{path}: a .npy file has no keys; name the file that holds them, one a line or a Parquet file, with "
                "data.vocabulary="
            )
        keys_path = existing_file(vocabulary, "data.vocabulary")
        vectors = mapped(Path(path))
        if vectors.ndim != 2:
            raise InputError(f"{path}: expected a table [rows, width], found an array of shape {list(vectors.shape)}")
        keys, available = read_vocabulary(keys_path, limit)
        if available != len(vectors):
            raise InputError(
                f"{path} has {len(vectors):,} rows, but {keys_path} has {available:,} keys; data.vocabulary must name "
                "the keys of exactly these rows, in their order"
            )
        return Table(keys, vectors[:limit], available=available)
