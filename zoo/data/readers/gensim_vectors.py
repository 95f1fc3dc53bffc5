"""gensim's own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from zoo.data.readers._table import Table
from zoo.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


class GensimVectors:
    """Reads what gensim's `KeyedVectors.save` or `Word2Vec.save` wrote; of a full model, its `.wv`.

    The format is a pickle, and loading a pickle runs what its author put there: only load files that you trust.
    Large tables lie beside the file (`NAME.vectors.npy`) and stay a memory map.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".kv", ".model", ".wordvectors")

    def read(self, path: Path, limit: int | None = None) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] in the model's own number type.

        Raises:
            InputError: not gensim's format, a part of it missing, or a model without word vectors.
        """
        loaded = _load(path)
        vectors = getattr(loaded, "wv", loaded)
        keys = getattr(vectors, "index_to_key", None)
        if keys is None or getattr(vectors, "vectors", None) is None:
            raise InputError(
                f"{path}: holds a {type(loaded).__name__}, which has no word vectors; give a file that gensim's "
                "KeyedVectors.save or Word2Vec.save wrote"
            )
        return Table([str(key) for key in keys[:limit]], vectors.vectors[:limit], available=len(keys))


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
