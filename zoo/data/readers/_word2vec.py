"""What the two word2vec formats share: gensim's loader, told to keep every row."""

from __future__ import annotations

import gzip
from typing import IO, TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt


def open_plain(path: Path) -> IO[bytes]:
    """Opens a file for reading, unpacking `.gz`."""
    return cast("IO[bytes]", gzip.open(path)) if path.name.lower().endswith(".gz") else path.open("rb")


def load_every_row(
    path: Path, limit: int | None, *, binary: bool, no_header: bool = False
) -> tuple[list[str], npt.NDArray[Any]]:
    """Reads word2vec's format with gensim, repeated keys included.

    gensim leaves out repeated keys without telling the caller, and takes a row of one number for a row of that number
    over and over. Here row i of the file is row i of the table, and a row of another width is an error.

    Args:
        path: the file; gensim unpacks `.gz`.
        limit: read the first so many rows, or all.
        binary: whether the vectors are float32 bytes or text.
        no_header: whether the file starts with its first row instead of "rows width".

    Returns:
        keys [rows] and vectors [rows, width] float32.

    Raises:
        ValueError: a row is not a key and `width` numbers, or its key is not UTF-8.
        EOFError: the file ends before the last row.
    """
    from gensim.models.keyedvectors import KeyedVectors

    def add_vector(self: Any, key: str, vector: Any) -> Any:
        if len(vector) != self.vector_size:
            raise ValueError(f"{len(vector)} numbers where {self.vector_size} are expected")
        return KeyedVectors.add_vector(self, key, vector)

    overrides = {
        "add_vector": add_vector,
        "has_index_for": lambda *_: False,  # what gensim asks before it leaves out a repeated key
        "set_vecattr": lambda *_: None,  # made-up word counts
    }
    every_row: Any = type("EveryRow", (KeyedVectors,), overrides)
    loaded = every_row.load_word2vec_format(str(path), binary=binary, no_header=no_header, limit=limit)
    return loaded.index_to_key, loaded.vectors
