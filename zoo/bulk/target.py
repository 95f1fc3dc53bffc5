"""Where the embeddings of a job go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zoo.bulk.one_file import OneFile
from zoo.bulk.shards import Shards
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from zoo.tables.table import Block, Table


class Target(Protocol):
    """One file, or a folder of files, here or behind a URL.

    Attributes:
        place: as the user wrote it.
        file: a path that ends as the files do.
        parts: folder of the finished blocks.
        facts: what blocks that are finished depend on, JSON-ready.
    """

    place: str
    file: Path
    parts: Path
    facts: dict[str, Any]

    def require(self, source: str | Table, *, overwrite: bool) -> None:
        """Raises InputError for what cannot be written, before anything is read."""

    def split(self, blocks: Sequence[Block]) -> list[list[Block]]:
        """The blocks of each file."""

    def begin(self, identity: Mapping[str, Any], *, overwrite: bool) -> set[int]:
        """The numbers of the files that an interrupted call of the same job has written; the parts' lock is held.

        Raises:
            InputError: something is there that may not be replaced.
        """

    def write(self, number: int, tables: Iterable[Any], rows: int, metadata: Mapping[str, str]) -> None:
        """Writes a file, whole or not at all; raises ZooError."""

    def finish(self) -> None:
        """Says, where that can be said, that all files are there."""


def target_of(place: str, rows_per_file: int | None) -> Target:
    """The target that a user names: a file, or, with a slash at its end or `rows_per_file`, a folder.

    Raises:
        InputError: a file, and rows for each of several.
    """
    if rows_per_file is not None and Path(place).suffix.lower() in {".parquet", ".csv", ".npy"}:
        raise InputError(f"rows_per_file is of a folder of files, and output={place} is one file: write output=FOLDER/")
    if place.endswith("/") or rows_per_file is not None or "://" in place:
        return Shards(place, rows_per_file)
    return OneFile(Path(place).expanduser())
