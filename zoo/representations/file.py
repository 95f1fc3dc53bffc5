"""Embeddings that somebody else made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.representations._embedding_file import read_embeddings
from zoo.tables.open_table import open_table

if TYPE_CHECKING:
    from zoo.types import Floats, Representation, Rows, Splits, Trained


@dataclass(frozen=True)
class _Given:
    """A table's rows as a file has them; other rows, which it cannot have, are NaN."""

    name: str
    features: Any
    codes: Floats

    def encode(self, rows: Rows) -> Floats:
        return self.codes[rows]

    def on(self, splits: Splits) -> _Given:
        if splits.features is self.features:
            return self
        return _Given(self.name, splits.features, np.full((len(splits), self.codes.shape[1]), np.nan, np.float32))


class File:
    """Embeddings of the same rows from a file: of another model, of a service, of an earlier run.

    They are matched with the table's rows by key; every row must have one, and rows of the file that the table does not
    have are left out. What needs the codes of altered rows (completion, say) has no value.

    Args:
        path: a table that `zoo.tables.open_table` knows: Parquet, CSV, Arrow, JSON lines, .npy, .npz, word2vec's and
            GloVe's formats, or a folder or URL of them.
        key_column: the column of the rows' keys, as in `data.key_column`; None finds the column that has them all.
            Where the file has no keys and as many rows as the table, they count as being in the same order.
        columns: the column of vectors, or the columns of numbers; None takes the only column of vectors, or all columns
            of fractions.
    """

    def __init__(self, path: str, key_column: str | None = None, columns: list[str] | None = None) -> None:
        self.path, self.key_column, self.columns = path, key_column, columns

    def require(self, name: str, splits: Splits) -> None:
        """See `zoo.types.Baseline`: the file has an embedding of each row."""
        del name
        self._codes(splits)

    def fit(self, name: str, splits: Splits, trained: Trained) -> Representation:
        """See `zoo.types.Baseline`; fits nothing."""
        del trained
        return _Given(name, splits.features, self._codes(splits))

    def _codes(self, splits: Splits) -> Floats:
        return read_embeddings(open_table(self.path, option="path"), splits, self.key_column, self.columns)
