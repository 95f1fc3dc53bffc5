"""gensim's own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.tables.memory_table import MemoryTable
from zoo.tables.npz_table import as_column
from zoo.tables.text_vectors_table import KEY, VECTOR

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.tables.byte_source import ByteSource


def load_gensim(path: Path) -> tuple[list[str], Any]:
    """Keys [rows] and vectors [rows, width] of what gensim's `KeyedVectors.save` or `Word2Vec.save` wrote.

    The format is a pickle, and loading a pickle runs what its author put there: only load files that you trust.
    Large tables lie beside the file (`NAME.vectors.npy`) and stay a memory map.

    Raises:
        InputError: not gensim's format, a part of it missing, or a model without word vectors.
    """
    loaded = _load(path)
    vectors = getattr(loaded, "wv", loaded)
    keys = getattr(vectors, "index_to_key", None)
    if keys is None or getattr(vectors, "vectors", None) is None or not vectors.vectors.size:
        raise InputError(
            f"{path}: holds a {type(loaded).__name__}, which has no word vectors; give a file that gensim's "
            "KeyedVectors.save or Word2Vec.save wrote"
        )
    return [str(key) for key in keys], vectors.vectors


def open_gensim(source: ByteSource) -> MemoryTable:
    """The keys and vectors as the columns `key` and `vector`."""
    import pyarrow as pa

    keys, vectors = load_gensim(source.stem)
    return MemoryTable(source.name, pa.table({KEY: keys, VECTOR: as_column(vectors)}), source.identity())


def _load(path: Path) -> Any:
    from gensim.models.keyedvectors import KeyedVectors

    try:
        return KeyedVectors.load(str(path), mmap="r")
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: its other part {error.filename} is missing; gensim splits large tables over several files, "
            "keep them together"
        ) from error
    except Exception as error:  # a damaged pickle can raise anything
        raise InputError(
            f"{path}: gensim cannot load it ({type(error).__name__}: {error}); expected what its KeyedVectors.save or "
            "Word2Vec.save wrote; word2vec binary must end in .bin, text in .txt or .vec"
        ) from error
