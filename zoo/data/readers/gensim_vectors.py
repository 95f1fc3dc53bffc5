"""gensim's own format."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from zoo.data.readers._table import Table
from zoo.tables.gensim_file import load_gensim

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
        keys, vectors = load_gensim(path)
        return Table(keys[:limit], vectors[:limit], available=len(keys))
