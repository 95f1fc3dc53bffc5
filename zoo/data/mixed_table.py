"""A table as people have it: numbers, categories, dates and texts side by side, with gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from zoo.data._record_tables import RecordTable
    from zoo.rows.mixed_rows import MixedRows
    from zoo.tables.query import Query
    from zoo.types import Floats, Fraction, PositiveInt, Rows, Splits


class MixedTable:
    """A source of rows of numbers, categories, dates and texts, with gaps, as a table of customers has them.

    What a column holds is seen from the training rows, said, and can be set. All become numbers of one scale, as factor
    analysis of mixed data has it, see `zoo.rows.DenseField`: a number standardised, or the normal score of its rank
    where tails are heavy; a category's name, 1 or 0, over the root of its share; a day with its place in the year and
    in the week; a text's runs of characters by latent semantic analysis. A gap becomes the mean, and a column says that
    it was one. Left out, with a note: columns that say nothing or the same in every row, lists, ids and names (nearly
    every cell its own). Cells are read as a served encoder reads them, in its graph: inputs are strings by column name.

    Args:
        path: the file, folder, glob or URL (tables: see `zoo.data.Vectors`); this or `table`.
        label_column: the column of classes, which only judging sees; of quantities it sees thirds: low, middle, high.
        key_column: the column of names of the rows, which decide their splits; otherwise one that is called id or the
            like and is different in every row, else row numbers from 0.
        columns: the columns to use; otherwise all but those two, and pandas' index.
        drop: columns to leave out.
        reads: column -> text, category, number or date.
        numbers: `standardise`; `quantile`, normal scores of ranks; `auto`, quantiles where the excess kurtosis of the
            training rows is above 10.
        text_dimensions: numbers that a text becomes.
        missing: what stands for a missing cell, beside "" and marks alone such as "-"; None takes
            `zoo.rows.plain_text.MISSING_WORDS`.
        buckets: columns that the characters of a text are hashed to.
        min_frequency: a category that fewer training rows have counts as any other.
        validation: fraction of rows for early stopping.
        test: fraction of rows that only judging sees.
        table: a query.
        delimiter: between the cells of a text file, such as semicolon or tab; otherwise as its ending says.
        decimal: before a number's fraction, point or comma; otherwise as the cells of each column say. Signs of money,
            per cent and what parts thousands do not count.
        encoding: of a text file, such as latin-1; otherwise UTF-8, or as a byte order mark says.
        header: whether a text file's first row names the columns; otherwise seen by whether names are numbers.
        stream: whether training reads the table from where it lies, again in every epoch, rather than from memory: for
            Parquet (files, folders, globs, URLs).
        sample_rows: of a streamed table, the rows of each split that are in memory: they validate and judge, and those
            for training tell how columns are read, categories and scales. Those with the smallest digests of their
            keys, whatever the order of the table.
        shuffle_buffer: of a streamed table, the rows that are in memory to be shuffled; see `zoo.data.Vectors`.

    Raises:
        InputError: the options contradict each other.

    Example:
        >>> splits = MixedTable("customers.csv", label_column="segment").load()
        >>> splits.kind.feature_names[:3]
        ['age', 'age: missing', 'city: <other>']
    """

    def __init__(
        self,
        path: str | None = None,
        label_column: str | None = None,
        key_column: str | None = None,
        columns: list[str] | None = None,
        drop: list[str] | None = None,
        reads: dict[str, str] | None = None,
        numbers: Literal["auto", "standardise", "quantile"] = "auto",
        text_dimensions: PositiveInt = 8,
        missing: list[str] | None = None,
        buckets: PositiveInt = 1024,
        min_frequency: PositiveInt = 5,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        table: Query | None = None,
        delimiter: str | None = None,
        decimal: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
        stream: bool = False,
        sample_rows: PositiveInt = 50_000,
        shuffle_buffer: PositiveInt = 131_072,
    ) -> None:
        from zoo.data._row_split import refuse_shares
        from zoo.tables.options import Options

        self.path, self.table, self.label_column, self.key_column = path, table, label_column, key_column
        self.columns, self.drop, self.reads, self.missing = columns, drop, reads, missing
        self.numbers, self.text_dimensions = numbers, text_dimensions
        self.buckets, self.min_frequency, self.validation, self.test = buckets, min_frequency, validation, test
        self.delimiter, self.decimal, self.encoding, self.header = delimiter, decimal, encoding, header
        self.text = Options(delimiter, decimal, encoding, header)
        self.stream, self.sample_rows, self.shuffle_buffer = stream, sample_rows, shuffle_buffer
        refuse_shares(validation, test)
        if stream and table is not None:
            raise InputError("data.stream=true takes one table at data.path=: leave out data.table, or data.stream")
        if (path is None) == (table is None):
            raise InputError("give either data.path=, a file of yours, or data.table=, a query")

    def load(self) -> Splits:
        """Reads and splits the rows, and learns how to read and scale them.

        Raises:
            InputError: the file cannot be read, or its columns cannot be used; the message says which.
        """
        from zoo.data._classes import labelled
        from zoo.data._mixed_fields import FieldOptions, mixed_fields
        from zoo.data._mixed_labels import classes_of
        from zoo.data._record_tables import one_table
        from zoo.data._row_split import refuse_empty
        from zoo.data._sparse import split_rows
        from zoo.data._streamed_mixed import sampled
        from zoo.rows._columns import widths_of_places
        from zoo.rows.mixed_rows import MixedRows
        from zoo.rows.plain_text import MISSING_WORDS

        place = self.table if self.table is not None else str(self.path)
        sample = sampled(self) if self.stream else None
        found = (
            one_table(place, self.text, None, self.key_column, find_entity=False) if sample is None else sample.found
        )
        missing = MISSING_WORDS if self.missing is None else tuple(self.missing)
        labels: npt.NDArray[Any] | None = None
        label_notes: tuple[str, ...] = ()
        if self.label_column is not None:
            labels, label_notes = classes_of(found.table, self.label_column, missing, found.where)
        names, name_notes = self._names(found)
        rows = split_rows(found.keys, self.validation, self.test)
        refuse_empty(
            rows,
            len(found.keys),
            name=found.where,
            options=f"data.validation={self.validation} or data.test={self.test}",
        )
        options = FieldOptions(
            missing, self.numbers, self.buckets, self.text_dimensions, self.min_frequency, self.text.decimal
        )
        fields, notes = mixed_fields(found.table, names, rows["train"], self.reads or {}, options, found.where)
        aside = (*found.aside, self.label_column)
        kind = MixedRows(fields, missing, widths_of_places(found.table.column_names, aside))
        raw = found.table.select(list(fields))
        features = kind.read(raw)
        fingerprint = labelled(_fingerprint(features, found.keys, kind), labels)
        said = (*name_notes, *notes, *label_notes)
        splits = self._splits(found, kind, features, raw, rows, labels, fingerprint, said)
        if sample is None:
            return splits
        return sample.streamed(splits, kind, self.shuffle_buffer, labelled(sample.digest, labels))

    def _splits(
        self,
        found: RecordTable,
        kind: MixedRows,
        features: Floats,
        raw: Any,
        rows: Mapping[str, Rows],
        labels: npt.NDArray[Any] | None,
        fingerprint: str,
        notes: tuple[str, ...],
    ) -> Splits:
        import numpy as np

        from zoo.types import Splits

        return Splits(
            features=features,
            train=rows["train"],
            validation=rows["validation"],
            test=rows["test"],
            keys=np.fromiter(found.keys, dtype=object, count=len(found.keys)),
            labels=labels,
            provenance={
                "source": type(self).__name__,
                **found.origin,
                "fields": kind.reads,
                "rows": len(features),
                "width": kind.width,
                "splits": {split: len(numbers) for split, numbers in rows.items()},
                "fingerprint": fingerprint,
            },
            notes=(*found.notes, *notes),
            kind=kind,
            raw=raw,
        )

    def _names(self, found: RecordTable) -> tuple[list[str], tuple[str, ...]]:
        """The columns to read, and what is left out of the others."""
        from zoo.tables.own_columns import id_columns, left_out_note
        from zoo.tables.read_table import require_columns, unread_columns

        table, aside = found.table, {*found.aside, self.label_column, *(self.drop or ())}
        for option in ("columns", "drop", "reads"):
            require_columns(table, getattr(self, option) or (), f"data.{option}", found.where)
        if self.columns is not None and self.label_column in self.columns:
            raise InputError(
                f"data.columns names {self.label_column!r}, the column of labels: an encoder that reads it would be "
                "judged by what it was told; leave it out"
            )
        names = [name for name in self.columns or table.column_names if name not in aside]
        why = unread_columns(table, names, self.columns or (), found.where)
        asked = {*(self.columns or ()), *(self.reads or ())}
        why |= id_columns(table, [name for name in names if name not in {*asked, *why}])
        notes = (left_out_note(why, "data.columns=[..] names those to use."),) if why else ()
        names = [name for name in names if name not in why]
        if not names:
            said = "; ".join(f"'{name}' is {reason}" for name, reason in why.items()) or "all were left out"
            raise InputError(
                f"{found.where}: no column of single cells is left to read ({said}); lists of items are read by "
                "recipe=softmax_baskets, vectors by recipe=dense_vectors"
            )
        return names, notes


def _fingerprint(features: Floats, keys: list[str], kind: MixedRows) -> str:
    """BLAKE2b (16 bytes, hexadecimal) over the shape, the keys, the columns' names and the numbers, little-endian."""
    from zoo.tables.fingerprint import fingerprint

    return fingerprint(
        f"{features.shape[0]} {features.shape[1]} ", keys, kind.feature_names, features.astype("<f4", copy=False)
    )
