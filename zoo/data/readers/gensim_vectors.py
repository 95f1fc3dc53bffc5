"""gensim's own format."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from zoo.data.readers._table import Table
from zoo.errors import InputError
from zoo.tables.gensim_file import load_gensim


class GensimVectors:
    """Reads what gensim's `KeyedVectors.save` or `Word2Vec.save` wrote; of a full model, its `.wv`.

    The format is a pickle, and loading a pickle runs what its author put there: only load files that you trust.
    Large tables lie beside the file (`NAME.vectors.npy`) and stay a memory map.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".kv", ".model", ".wordvectors")

    def read(self, path: Path | str, limit: int | None = None) -> Table:
        """Reads the first `limit` rows: keys [rows], vectors [rows, width] in the model's own number type.

        Raises:
            InputError: not gensim's format, a part of it missing, or a model without word vectors.
        """
        if "://" in str(path):
            raise InputError(f"{path}: gensim's files are read from this machine only; copy them here")
        keys, vectors = load_gensim(Path(path))
        return Table(keys[:limit], vectors[:limit], available=len(keys))
