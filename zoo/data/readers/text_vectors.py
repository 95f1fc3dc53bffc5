"""word2vec's, GloVe's and fastText's text format."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zoo.data.readers._collect import collect
from zoo.tables.byte_source import PACKED, ByteSource
from zoo.tables.open_table import TEXT_VECTORS
from zoo.tables.text_vectors_table import KEY, VECTOR, TextVectorsTable

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.data.readers._table import Table


class TextVectors:
    """Reads text vectors; see `zoo.tables.text_vectors_table.TextVectorsTable`."""

    suffixes: ClassVar[tuple[str, ...]] = (
        *TEXT_VECTORS,
        *(f"{suffix}{packed}" for suffix in TEXT_VECTORS for packed in PACKED),
    )

    def read(self, path: Path | str, limit: int | None = None, token_spaces: bool = False) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] float32.

        Raises:
            InputError: a line (its number is named) that is not a key and `width` numbers in UTF-8, or a file that
                ends too early.
        """
        return collect(TextVectorsTable(ByteSource(path), token_spaces=token_spaces), limit, VECTOR, KEY)
