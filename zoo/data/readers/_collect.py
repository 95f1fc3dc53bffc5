"""From a table of keys and vectors to what a reader returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from zoo.data.readers._table import Table
from zoo.tables.cells import vectors_of
from zoo.tables.keys import column_keys

if TYPE_CHECKING:
    from zoo.tables.table import Table as Opened
    from zoo.types import Floats

_BLOCK = 16_384  # rows


def collect(table: Opened, limit: int | None, vector: str, key: str | None, notes: tuple[str, ...] = ()) -> Table:
    """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

    Args:
        table: the file.
        limit: rows to read, or None for all.
        vector: its column of vectors.
        key: its column of keys; None counts rows.
        notes: what was decided beforehand.

    Raises:
        InputError: a vector that is missing, incomplete or of another width, or a row without a key.
    """
    blocks = table.blocks(_BLOCK, limit)
    rows = blocks[-1].first + blocks[-1].rows
    keys: list[str] = []
    vectors: Floats = np.empty((0, 0), dtype=np.float32)
    columns = [vector] if key is None else [vector, key]
    for block, piece in zip(blocks, table.read(blocks, columns), strict=True):
        part = vectors_of(
            piece.column(vector), vector, table.name, required=True, first=block.first, width=vectors.shape[1]
        )
        if not block.first:
            vectors = np.empty((rows, part.shape[1]), dtype=np.float32)
        vectors[block.first : block.first + block.rows] = part
        if key is None:
            keys += map(str, range(block.first, block.first + block.rows))
        else:
            keys += column_keys(piece.column(key), table.name, key, block.first)
    return Table(keys, vectors, available=table.rows, notes=(*table.notes, *notes))
