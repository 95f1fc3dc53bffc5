"""A table of vectors of your own: embeddings that another model made, measurements, features."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError
from zoo.types import Fraction, PositiveInt, Splits

if TYPE_CHECKING:
    import numpy.typing as npt

    from zoo.data._cleaning import CleanTable
    from zoo.data._vector_files import VectorFile
    from zoo.tables.query import Query
    from zoo.types import Rows

_FEWEST = 3  # rows: one to train on, one to stop by, one to judge by


class Vectors:
    """A source of vectors from a NumPy file, a table, or a query to a database.

    `.npy` holds the vectors [rows, width]. `.npz` holds them as the array X, x, features, embeddings or vectors, its
    labels as y or labels, its keys as keys. Tables are Parquet (a file, a folder, a glob, Hive's partitions), CSV and
    TSV, Arrow, Feather and JSON lines, text also packed (.gz, .bz2, .zst), here or at a URL. They hold either one
    column of whole vectors (lists of numbers; in text such as "[0.1, 0.2]", in brackets), which is found by itself if
    there is only one that is wider than the columns of numbers are many, or columns of single numbers.

    The index of a data frame, and whole numbers that are an id, are left out, with a note. A missing cell counts as
    NaN; see `invalid`. Word vectors with their vocabulary are read by `WordVectors`.

    Args:
        path: the file, folder, glob or URL; either this or `table`.
        table: a query.
        vector_column: the column of whole vectors, or the array of a .npz file.
        label_column: the column or array of classes, which only judging sees: whole numbers or words.
        labels: a file of classes [rows] instead: .npy, or a table (CSV, Parquet, ...) of one column.
        key_column: the column or array of names of the rows, which decide their splits; otherwise row numbers from 0.
            Of rows with the same key, the first is kept.
        columns: the columns of numbers that make up the vectors; otherwise all but label and key.
        validation: fraction of keys for early stopping.
        test: fraction of keys that only judging sees; ignored with `fit_on_all`.
        fit_on_all: train and judge on all rows, as methods that cannot take new rows are judged (UMAP, t-SNE).
            Validation rows are then training rows as well.
        invalid: what to do with vectors that hold NaN or an infinity.
        allow_constant: whether columns that never change are allowed.
        delimiter: between the cells of a text file, such as semicolon or tab; otherwise as its ending says.
        decimal: before a number's fraction, point or comma.
        encoding: of a text file, such as latin-1; otherwise UTF-8, or as a byte order mark says.
        header: whether a text file's first row names the columns; otherwise seen by whether names are numbers.
        stream: whether training reads the table from where it lies, again in every epoch, rather than from memory: for
            Parquet (files, folders, globs, URLs) and .npy. Left open, a Parquet table is streamed whose float32 numbers
            would take more than a quarter of the machine's memory. See `sample_rows` for what is in memory then.
        sample_rows: of a streamed table, the rows of each split that are in memory: they validate, judge, and are what
            opponents that need rows at hand are fitted to. Those with the smallest digests of their keys, whatever
            the order of the table.
        shuffle_buffer: of a streamed table, the rows that are in memory to be shuffled. Row groups are read in a
            shuffled order and a few at a time; the buffer mixes what lies near each other.
        judged: another file of such rows, read as the first one is: all of it, and nothing else, judges, and no row of
            the first is held out. For what is fitted to one set of texts and used on another.

    Raises:
        InputError: the fractions leave nothing to train on, or options contradict each other.

    Example:
        >>> splits = Vectors("papers.parquet", label_column="category", key_column="title").load()
        >>> splits.features.shape
        (330, 384)
    """

    def __init__(
        self,
        path: str | None = None,
        vector_column: str | None = None,
        label_column: str | None = None,
        key_column: str | None = None,
        columns: list[str] | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        fit_on_all: bool = False,
        invalid: Literal["error", "drop"] = "error",
        allow_constant: bool = False,
        table: Query | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
        judged: str | None = None,
        labels: str | None = None,
        stream: bool | None = None,
        sample_rows: PositiveInt = 50_000,
        shuffle_buffer: PositiveInt = 131_072,
    ) -> None:
        from zoo.data._row_split import refuse_shares
        from zoo.tables.options import Options

        self.path = path
        self.table = table
        self.delimiter = delimiter
        self.decimal = decimal
        self.encoding = encoding
        self.header = header
        self.text = Options(delimiter, decimal, encoding, header)
        self.vector_column = vector_column
        self.label_column, self.labels = label_column, labels
        self.key_column = key_column
        self.columns = columns
        self.validation = validation
        self.test = test
        self.fit_on_all = fit_on_all
        self.invalid = invalid
        self.allow_constant = allow_constant
        self.judged = judged
        self.stream, self.sample_rows, self.shuffle_buffer = stream, sample_rows, shuffle_buffer
        refuse_shares(validation, 0.0 if fit_on_all or judged else test)
        if judged and fit_on_all:
            raise InputError("data.judged names the rows to judge by, data.fit_on_all takes all; give one of the two")
        if judged and labels is not None:
            raise InputError("data.labels are of data.path alone: with data.judged name data.label_column")
        if label_column is not None and labels is not None:
            raise InputError("data.label_column= is in the rows' own file, data.labels= a file beside it; give one")
        if stream and (fit_on_all or judged or labels is not None or table is not None):
            raise InputError(
                "data.stream=true takes one table at data.path=, and splits it: leave out data.fit_on_all, "
                "data.judged, data.labels and data.table, or data.stream"
            )
        if (path is None) == (table is None):
            raise InputError("give either data.path=, a file of yours, or data.table=, a query")

    def load(self) -> Splits:
        """Reads, cleans and splits the table, or the two tables.

        Returns:
            features [rows, width] float32, keys [rows] str, labels [rows] int64 (-1 for none) or str ("" for none), or
            None without a column of labels.

        Raises:
            InputError: the file cannot be read, or its columns, vectors or labels cannot be used; the message says
                where and what to do.
        """
        from zoo.data._streamed_vectors import streamed

        if (stream := streamed(self)) is not None:
            return stream
        found = self._load()
        if self.judged is None:
            return found
        from zoo.data._judged_file import with_judged

        names = ("vector_column", "label_column", "key_column", "columns", "invalid", "allow_constant")
        texts = ("delimiter", "decimal", "encoding", "header")
        options = {name: getattr(self, name) for name in (*names, *texts)}
        return with_judged(found, Vectors(self.judged, fit_on_all=True, **options)._load(), self.judged)

    def _load(self) -> Splits:
        from zoo.data._classes import labelled
        from zoo.data._cleaning import clean, fingerprint
        from zoo.data.readers._table import Table
        from zoo.rows.dense_rows import DenseRows

        found, name, origin = self._with_labels(*self._read())
        keys = found.keys if found.keys is not None else [str(row) for row in range(len(found.vectors))]
        if found.keys is None or len(set(keys)) == len(keys):
            self._refuse_few(len(keys), name)
        table = Table(keys, found.vectors, available=len(keys), notes=found.notes)
        cleaned = clean(table, name, invalid=self.invalid, allow_constant=self.allow_constant)
        self._refuse_few(len(cleaned.keys), name, cleaned.duplicates)
        labels, label_notes = self._labels(found, keys, cleaned, name)
        rows, split_notes = self._split(cleaned, name)
        content = {"fingerprint": labelled(fingerprint(cleaned.keys, cleaned.features), labels)}
        return Splits(
            features=cleaned.features,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            keys=cleaned.keys,
            labels=labels,
            provenance=origin | self._provenance(cleaned, rows) | content,
            kind=DenseRows("vector", (int(cleaned.features.shape[1]),), found.columns),
            notes=(*cleaned.notes, *label_notes, *split_notes),
        )

    def _read(self) -> tuple[VectorFile, str, dict[str, Any]]:
        """What there is, what to call it, and where it comes from."""
        from zoo.data._vector_columns import read_columns
        from zoo.data._vector_files import Wanted, read_npy, read_npz
        from zoo.tables.byte_source import ByteSource
        from zoo.tables.files import existing_file
        from zoo.tables.open_table import open_table, origin_of

        wanted = Wanted(self.vector_column, self.label_column, self.key_column, self.columns)
        place = str(self.path)
        if self.table is None and "://" not in place and place.lower().endswith((".npy", ".npz")):
            path = existing_file(place, "data.path")
            npy = path.suffix.lower() == ".npy"
            found = read_npy(path, wanted) if npy else read_npz(ByteSource(path), wanted)
            return found, str(path), {"path": str(path), "file_bytes": path.stat().st_size}
        self._refuse_word_vectors(place)
        opened = open_table(self.table if self.table is not None else place, self.text)
        return read_columns(opened, wanted, self.text), opened.name, origin_of(opened) | dict(self.text.given())

    def _with_labels(
        self, found: VectorFile, name: str, origin: dict[str, Any]
    ) -> tuple[VectorFile, str, dict[str, Any]]:
        """With the labels of another file, where one is named."""
        if self.labels is None:
            return found, name, origin
        from zoo.data._label_files import WHAT, read_labels

        cells = read_labels(self.labels, len(found.vectors), name).tolist()
        return replace(found, labels=cells, label_name=f"{WHAT} {self.labels}"), name, origin | {"labels": self.labels}

    def _refuse_word_vectors(self, place: str) -> None:
        from zoo.tables.open_table import WORDS, readable_name

        if self.table is None and Path(place).is_file() and readable_name(place) in WORDS:
            raise InputError(
                f"{place}: vectors in word2vec's, GloVe's or gensim's formats are read by zoo.data.WordVectors: say "
                "data._target_=zoo.data.WordVectors"
            )

    def _refuse_few(self, rows: int, path: str, repeated: int = 0) -> None:
        from zoo.tables.words import count

        if 0 < rows < _FEWEST and repeated:
            raise InputError(
                f"{path}: of {count(rows + repeated, 'row')} only {rows} have a key of their own in column "
                f"'{self.key_column}': name a column whose cells differ with data.key_column=, or none"
            )
        if 0 < rows < _FEWEST:
            raise InputError(
                f"{path}: {count(rows, 'usable row')}; to train, to stop and to judge it takes at least {_FEWEST}, "
                "and in earnest some hundreds: give more rows"
            )

    def _labels(
        self, found: VectorFile, keys: list[str], cleaned: CleanTable, where: str
    ) -> tuple[npt.NDArray[Any] | None, tuple[str, ...]]:
        """Labels of the rows that cleaning kept."""
        from zoo.data._classes import class_labels
        from zoo.tables.keys import first_rows

        if found.labels is None:
            return None, ()
        cells = found.labels
        if len(cleaned.keys) < len(cells):
            first = first_rows(keys)
            cells = [cells[first[key]] for key in cleaned.keys]
        return class_labels(cells, found.label_name, where)

    def _split(self, table: CleanTable, where: str) -> tuple[dict[str, Rows], tuple[str, ...]]:
        from zoo.data._key_split import split_by_key
        from zoo.data._row_split import refuse_empty

        test = 0.0 if self.fit_on_all or self.judged else self.test
        parts = split_by_key(list(table.keys), validation=self.validation, test=test)
        rows = dict(zip(("train", "validation", "test"), parts, strict=True))
        notes: tuple[str, ...] = ()
        if self.fit_on_all:
            rows["train"] = rows["test"] = np.arange(len(table.keys), dtype=np.int64)
            notes = (
                "Training and judging see the same rows (data.fit_on_all): the scores say nothing about new rows, and "
                "early stopping watches rows that were trained on.",
            )
        if self.judged:
            rows["test"] = rows["validation"]  # until the other file's rows are there
        options = f"data.validation={self.validation} or data.test={self.test}"
        refuse_empty(rows, len(table.keys), name=where, options=options)
        return rows, notes

    def _provenance(self, table: CleanTable, rows: dict[str, Rows]) -> dict[str, Any]:
        names = ("vector_column", "label_column", "key_column", "columns")
        return {
            "source": type(self).__name__,
            **{name: value for name in names if (value := getattr(self, name)) is not None},
            "rows": int(table.features.shape[0]),
            "width": int(table.features.shape[1]),
            "splits": {split: len(numbers) for split, numbers in rows.items()},
            "fit_on_all": self.fit_on_all,
            "duplicates_dropped": table.duplicates,
            "invalid_dropped": table.invalid,
        }
