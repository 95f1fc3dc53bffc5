"""A table of vectors of your own: embeddings that another model made, measurements, features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError
from zoo.types import Fraction, Splits

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    from zoo.data._cleaning import CleanTable
    from zoo.data._vector_files import VectorFile
    from zoo.types import Rows

_FEWEST = 3  # rows: one to train on, one to stop by, one to judge by


class Vectors:
    """A source of vectors from a NumPy file or a table.

    `.npy` holds the vectors [rows, width]. `.npz` holds them as the array X, x, features, embeddings or vectors, its
    labels as y or labels, its keys as keys. Parquet and CSV (.csv, .tsv, also with .gz) hold either one column of whole
    vectors (lists of numbers; in CSV text such as "[0.1, 0.2]" or "0.1 0.2"), which is found by itself if there is only
    one, or columns of single numbers.

    A missing cell counts as NaN; see `invalid`. Word vectors with their vocabulary are read by `WordVectors`.

    Args:
        path: the file.
        vector_column: the column of whole vectors, or the array of a .npz file.
        label_column: the column or array of classes, which only judging sees: whole numbers or words.
        key_column: the column or array of names of the rows, which decide their splits; otherwise row numbers from 0.
            Of rows with the same key, the first is kept.
        columns: the columns of numbers that make up the vectors; otherwise all but label and key.
        validation: fraction of keys for early stopping.
        test: fraction of keys that only judging sees; ignored with `fit_on_all`.
        fit_on_all: train and judge on all rows, as methods that cannot take new rows are judged (UMAP, t-SNE).
            Validation rows are then training rows as well.
        invalid: what to do with vectors that hold NaN or an infinity.
        allow_constant: whether columns that never change are allowed.

    Raises:
        InputError: the fractions leave nothing to train on.

    Example:
        >>> splits = Vectors("papers.parquet", label_column="category", key_column="title").load()
        >>> splits.features.shape
        (330, 384)
    """

    def __init__(
        self,
        path: str,
        vector_column: str | None = None,
        label_column: str | None = None,
        key_column: str | None = None,
        columns: list[str] | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        fit_on_all: bool = False,
        invalid: Literal["error", "drop"] = "error",
        allow_constant: bool = False,
    ) -> None:
        from zoo.data._row_split import refuse_shares

        self.path = path
        self.vector_column = vector_column
        self.label_column = label_column
        self.key_column = key_column
        self.columns = columns
        self.validation = validation
        self.test = test
        self.fit_on_all = fit_on_all
        self.invalid = invalid
        self.allow_constant = allow_constant
        refuse_shares(validation, 0.0 if fit_on_all else test)

    def load(self) -> Splits:
        """Reads, cleans and splits the table.

        Returns:
            features [rows, width] float32, keys [rows] str, labels [rows] int64 (-1 for none) or str ("" for none), or
            None without a column of labels.

        Raises:
            InputError: the file cannot be read, or its columns, vectors or labels cannot be used; the message says
                where and what to do.
        """
        from zoo.data._classes import labelled
        from zoo.data._cleaning import clean, fingerprint
        from zoo.data.readers._table import Table
        from zoo.tables.files import existing_file

        path = existing_file(self.path, "data.path")
        found = self._read(path)
        keys = found.keys if found.keys is not None else [str(row) for row in range(len(found.vectors))]
        if found.keys is None or len(set(keys)) == len(keys):
            self._refuse_few(len(keys), path)
        table = Table(keys, found.vectors, available=len(keys), notes=found.notes)
        cleaned = clean(table, str(path), invalid=self.invalid, allow_constant=self.allow_constant)
        self._refuse_few(len(cleaned.keys), path)
        labels, label_notes = self._labels(found, keys, cleaned, path)
        rows, split_notes = self._split(cleaned, path)
        content = {"fingerprint": labelled(fingerprint(cleaned.keys, cleaned.features), labels)}
        return Splits(
            features=cleaned.features,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            keys=cleaned.keys,
            labels=labels,
            provenance=self._provenance(path, cleaned, rows) | content,
            notes=(*cleaned.notes, *label_notes, *split_notes),
        )

    def _read(self, path: Path) -> VectorFile:
        from zoo.data._vector_files import Wanted
        from zoo.data._vector_readers import reader_of

        wanted = Wanted(self.vector_column, self.label_column, self.key_column, self.columns)
        found: VectorFile = reader_of(path)(path, wanted)
        return found

    def _refuse_few(self, rows: int, path: Path) -> None:
        from zoo.tables.words import count

        if 0 < rows < _FEWEST:
            raise InputError(
                f"{path}: {count(rows, 'usable row')}; to train, to stop and to judge it takes at least {_FEWEST}, "
                "and in earnest some hundreds: give more rows"
            )

    def _labels(
        self, found: VectorFile, keys: list[str], cleaned: CleanTable, path: Path
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
        return class_labels(cells, found.label_name, str(path))

    def _split(self, table: CleanTable, path: Path) -> tuple[dict[str, Rows], tuple[str, ...]]:
        from zoo.data._key_split import split_by_key
        from zoo.data._row_split import refuse_empty

        test = 0.0 if self.fit_on_all else self.test
        parts = split_by_key(list(table.keys), validation=self.validation, test=test)
        rows = dict(zip(("train", "validation", "test"), parts, strict=True))
        notes: tuple[str, ...] = ()
        if self.fit_on_all:
            rows["train"] = rows["test"] = np.arange(len(table.keys), dtype=np.int64)
            notes = (
                "Training and judging see the same rows (data.fit_on_all): the scores say nothing about new rows, and "
                "early stopping watches rows that were trained on.",
            )
        options = f"data.validation={self.validation} or data.test={self.test}"
        refuse_empty(rows, len(table.keys), name=str(path), options=options)
        return rows, notes

    def _provenance(self, path: Path, table: CleanTable, rows: dict[str, Rows]) -> dict[str, Any]:
        names = ("vector_column", "label_column", "key_column", "columns")
        return {
            "source": type(self).__name__,
            "path": str(path),
            "file_bytes": path.stat().st_size,
            **{name: value for name in names if (value := getattr(self, name)) is not None},
            "rows": int(table.features.shape[0]),
            "width": int(table.features.shape[1]),
            "splits": {split: len(numbers) for split, numbers in rows.items()},
            "fit_on_all": self.fit_on_all,
            "duplicates_dropped": table.duplicates,
            "invalid_dropped": table.invalid,
        }
