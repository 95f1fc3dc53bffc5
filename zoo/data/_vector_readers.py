"""Which function reads a file of vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.data._vector_columns import read_columns
from zoo.data._vector_files import read_npy, read_npz
from zoo.errors import InputError
from zoo.tables.files import ending
from zoo.tables.read_table import DELIMITED, PARQUET

if TYPE_CHECKING:
    from pathlib import Path


def reader_of(path: Path) -> Any:
    """The function that reads files with this ending: (path, wanted) -> `VectorFile`.

    Raises:
        InputError: there is none.
    """
    readers = {".npy": read_npy, ".npz": read_npz} | dict.fromkeys([*DELIMITED, *PARQUET], read_columns)
    end = ending(path, readers)
    if end is None:
        raise InputError(
            f"{path}: no reader for files with this ending; readable: {', '.join(sorted(readers))}. Vectors in "
            "word2vec's, GloVe's or gensim's formats are read by zoo.data.WordVectors"
        )
    return readers[end]
