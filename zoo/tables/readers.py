"""Which reader fits a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.tables.csv_reader import CsvReader
from zoo.tables.npy_reader import NpyReader
from zoo.tables.parquet_reader import ParquetReader

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.tables.blocks import Reader

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_READABLE = (*_DELIMITERS, ".npy", ".parquet", ".pq")


def reader_of(path: Path) -> Reader:
    """The reader of a file, by its ending.

    Raises:
        InputError: there is none, or the file is not what its ending says.
    """
    end = path.suffix.lower()
    if end == ".npy":
        return NpyReader(path)
    if end in {".parquet", ".pq"}:
        return ParquetReader(path)
    if end in _DELIMITERS:
        return CsvReader(path, _DELIMITERS[end])
    hint = "; unpack it first" if end in {".gz", ".zst", ".bz2", ".zip"} else ""
    raise InputError(f"input={path}: no reader for this ending{hint}; readable: {', '.join(_READABLE)}")
