"""word2vec's binary format."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zoo.data.readers._collect import collect
from zoo.tables.binary_vectors_table import BinaryVectorsTable
from zoo.tables.byte_source import PACKED, ByteSource
from zoo.tables.text_vectors_table import KEY, VECTOR

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.data.readers._table import Table


class BinaryVectors:
    """Reads `.bin` as the word2vec tool writes it; see `zoo.tables.binary_vectors_table.BinaryVectorsTable`."""

    suffixes: ClassVar[tuple[str, ...]] = (".bin", *(f".bin{packed}" for packed in PACKED))

    def read(self, path: Path | str, limit: int | None = None) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: another format under this name, a file that ends too early, or keys that are not UTF-8.
        """
        return collect(BinaryVectorsTable(ByteSource(path)), limit, VECTOR, KEY)
