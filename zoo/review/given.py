"""What a user gives to be judged: files, or what is in memory, by the names of the arguments."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data import Vectors
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows._table_columns import named_columns
from zoo.rows._vector_columns import holds_vectors
from zoo.tables.held_table import held_table, index_name
from zoo.tables.open_table import WORDS, open_table, readable_name
from zoo.tables.options import Options
from zoo.tables.text_vectors_table import KEY
from zoo.tables.words import without_password

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from zoo.data._cleaning import CleanTable
    from zoo.tables.table import Table
    from zoo.types import Rows, Splits

# What readers of tables call their options, and what they are called where embeddings are judged.
_OPTIONS = {"key_column": "key", "label_column": "labels", "vector_column": "columns"}
_OPTION = re.compile(r"\b(?:data\.)?(key_column|label_column|vector_column|columns)(?==)|\bdata\.(\w+)")
_TARGET = re.compile(r"read it with data\._target_=[\w.]*\w")  # of sparse matrices


@dataclass(frozen=True)
class Given:
    """A table that a user gave.

    Attributes:
        argument: by which it was given.
        place: the file, folder or URL; or the table, where it is in memory or had to be opened.
        name: what to call it.
        columns: of the vectors, by their names; empty finds them.
        index: the column of keys, where a frame's index or a format says which.
        decimal: of files of text, the mark before a number's fraction.
        held: what the user gave.
    """

    argument: str
    place: str | Table
    name: str
    columns: tuple[str, ...] = ()
    index: str | None = None
    decimal: str | None = None
    held: Any = None

    @classmethod
    def as_argument(cls, given: Any, argument: str, columns: Sequence[str] = (), text: Options | None = None) -> Given:
        """What an argument holds.

        Args:
            given: a file's name, or a table in memory.
            argument: its name.
            columns: of the vectors, if the user named them; names may hold `*`.
            text: how a file of text is read.

        Raises:
            InputError: no file's name, and nothing that could be a table; or columns that are not there.
        """
        text = text or Options(prefix="")
        if not isinstance(given, str | Path):
            table = held_table(given, argument)
            names = tuple(named_columns(table, "columns", columns))
            return cls(argument, table, argument, names, index_name(given), held=given)
        place = str(given)
        words = readable_name(place) in WORDS
        if not columns and not text.given() and not words:
            return cls(argument, place, without_password(place))
        opened = open_table(place, text, argument)
        names = tuple(named_columns(opened, "columns", columns))
        return cls(argument, opened, without_password(place), names, KEY if words else None, text.decimal)

    def key_table(self) -> Table:
        """The table, opened, whose columns are keys and what is said of them.

        Raises:
            InputError: see `open_table`, or an array of numbers.
        """
        table = open_table(self.place, Options(prefix=""), self.argument)
        if table.row_shape is not None:
            raise InputError(f"{table.name}: an array has no columns of keys; give a table, such as a DataFrame")
        return table

    def vectors(self, key: str | None, labels: str | None) -> Splits:
        """Its rows as a table to judge by, with keys and labels by the names of their columns.

        Raises:
            InputError: see `zoo.data.Vectors`.
        """
        named: dict[str, Any] = {"path" if isinstance(self.place, str) else "table": self.place}
        named["decimal"] = self.decimal
        if self.columns and not isinstance(self.place, str) and holds_vectors(self.place, self.columns):
            named["vector_column"] = self.columns[0]
        elif self.columns:
            named["columns"] = list(self.columns)
        with self.own_words():
            source = _Judged(**named, key_column=key or self.index, label_column=labels, allow_constant=True)
            splits = source.load()
        return replace(splits, notes=tuple(_OPTION.sub(self._option, note) for note in splits.notes))

    @contextmanager
    def own_words(self) -> Iterator[None]:
        """Lets messages of what reads the table name the options that there are here."""
        try:
            yield
        except InputError as error:
            text = _TARGET.sub("write it dense, as .npy for instance", str(error))
            raise InputError(_OPTION.sub(self._option, text)) from error

    def _option(self, found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name == "path":
            return self.argument
        own = _OPTIONS.get(name, name)
        return f"raw_{own}" if own == "columns" and self.argument == "raw" else own


def classes(labels: Any, of: Given) -> Sequence[Any] | None:
    """Classes [rows] that a user gave as such, in the order of a table's rows; None for the name of a column, or none.

    A Series with an index that names rows is put into the order of the table's.

    Raises:
        InputError: not one class for each row.
    """
    if labels is None or isinstance(labels, str):
        return None
    if of.index is not None and index_name(labels) is not None:
        labels = labels.reindex(of.held.index)
    cells = labels.to_pylist() if hasattr(labels, "to_pylist") else np.asarray(labels, dtype=object)
    shape = np.shape(cells)
    if len(shape) == 2 and shape[1] == 1:
        return list(np.asarray(cells, dtype=object)[:, 0])
    if len(shape) != 1:
        raise InputError(
            f"labels: expected one class for each row, found a {type(labels).__name__} of shape {list(shape)}; give "
            "the name of a column, or a class for each row"
        )
    return list(cells)


class _Judged(Vectors):
    """A table that nothing is trained on, so that no row is set aside for validation."""

    def _split(self, table: CleanTable, where: str) -> tuple[dict[str, Rows], tuple[str, ...]]:
        train, _, test = split_by_key(list(table.keys), validation=0.0, test=self.test)
        if not (len(train) and len(test)):
            raise InputError(
                f"{where}: {len(table.keys)} rows are too few: of each a part is to judge, and a part to compare with; "
                "give more rows"
            )
        return {"train": train, "validation": train[:0], "test": test}, ()
