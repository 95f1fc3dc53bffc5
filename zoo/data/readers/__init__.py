"""Formats of vector files. Each file of this folder holds one reader; a new format is a new file, and no list is kept.

A reader is a class named after its file, with `suffixes` (the ends of the file names it reads, lower case) and
`read(path, limit, ...)`, which returns a `Table` or raises InputError. Arguments of `read` beyond these two are the
options of the source that this format understands; giving an option to a format without it is an error.
"""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from zoo.errors import InputError
from zoo.lazy import module_name, public_names
from zoo.tables.open_table import readable_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.data.readers._table import Table
    from zoo.tables.query import Query


class Reader(Protocol):
    """A file format."""

    suffixes: tuple[str, ...]
    read: Callable[..., Table]


def all_readers() -> list[Reader]:
    """Every reader in this folder."""
    modules = {name: importlib.import_module(f"{__name__}.{module_name(name)}") for name in public_names(__path__)}
    return [getattr(module, name)() for name, module in modules.items()]


def read(place: Path | str | Query, limit: int | None, **options: str | bool) -> Table:
    """Reads a file with the reader of its suffix.

    Args:
        place: an existing file, a URL, or a query, which is read as a table.
        limit: read the first so many rows, or all.
        options: `vocabulary`, `key_column`, `vector_column` or `token_spaces`, where the user gave them.

    Raises:
        InputError: no reader for this suffix, an option that its reader does not know, or a file it cannot read.
    """
    reader = _reader_of(place)
    unknown = sorted(options.keys() - _options(reader))
    if unknown:
        users = [suffix for other in all_readers() if _options(other) >= set(unknown) for suffix in other.suffixes]
        named = " and ".join(f"data.{name}" for name in unknown)
        raise InputError(
            f"{_name_of(place)}: {named} means nothing for this format, only for {', '.join(users)}; leave it out"
        )
    table: Table = reader.read(place, limit, **options)
    return table


def _name_of(place: Path | str | Query) -> str:
    return str(place) if isinstance(place, Path | str) else place.name


def _reader_of(place: Path | str | Query) -> Reader:
    path = Path(place) if isinstance(place, Path | str) else Path(".parquet")
    # The longest suffix wins, so that `.bin.gz` is not taken for a general `.gz`.
    candidates = [
        (len(suffix), number, reader)
        for number, reader in enumerate(all_readers())
        for suffix in reader.suffixes
        if path.name.lower().endswith(suffix)
    ]
    if not candidates:
        known = ", ".join(sorted(suffix for reader in all_readers() for suffix in reader.suffixes))
        has_columns = readable_name(path.name) is not None
        table = "; a table with columns is read by recipe=dense_vectors data.path=FILE data.key_column=COLUMN"
        raise InputError(
            f"{_name_of(place)}: no reader of word vectors for files with this ending; readable: {known}"
            f"{table if has_columns else ''}"
        )
    return max(candidates)[-1]


def _options(reader: Reader) -> set[str]:
    return set(inspect.signature(reader.read).parameters) - {"path", "limit"}
