"""Files that hold nothing but keys."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.tables.arrow_types import is_text
from zoo.tables.files import readable
from zoo.tables.keys import column_keys
from zoo.tables.parquet_table import ParquetTable
from zoo.tables.table import batches

if TYPE_CHECKING:
    from pathlib import Path


def read_vocabulary(path: Path, limit: int | None) -> tuple[list[str], int]:
    """Reads keys: one a line, or (told by its first bytes) the first string column of a Parquet file.

    Returns:
        The first `limit` keys, and how many the file holds.

    Raises:
        InputError: a line that is not UTF-8, or a Parquet file without a string column.
    """
    with readable(path), path.open("rb") as file:
        is_parquet = file.read(4) == b"PAR1"
    return _from_parquet(path, limit) if is_parquet else _from_lines(path, limit)


def _from_lines(path: Path, limit: int | None) -> tuple[list[str], int]:
    keys = []
    # Lines are split as bytes: a key may hold one of the many other characters that end a line in Unicode.
    with readable(path), path.open("rb") as lines:
        for number, line in enumerate(islice(lines, limit), start=1):
            try:
                keys.append(line.rstrip(b"\r\n").decode("utf-8-sig" if number == 1 else "utf-8"))
            except UnicodeDecodeError:
                raise InputError(f"{path}, line {number}: not UTF-8 ({line[:40]!r}); convert it to UTF-8") from None
        return keys, len(keys) + sum(1 for _ in lines)


def _from_parquet(path: Path, limit: int | None) -> tuple[list[str], int]:
    table = ParquetTable(str(path), [str(path)])
    names = [field.name for field in table.schema if is_text(field.type)]
    if not names:
        raise InputError(f"{path}: no string column to take keys from; columns: {', '.join(table.schema.names)}")
    keys: list[str] = []
    if not table.rows:
        return keys, 0
    for batch in batches(table, names[:1], limit=limit):
        keys += column_keys(batch.column(0), table.name, names[0], len(keys))
    return keys, table.rows or 0
