"""From columns of a table, or of a piece of it, to vectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.tables.cells import numbers_of, vectors_of
from zoo.tables.read_table import column_of

if TYPE_CHECKING:
    from zoo.types import Floats

_TEXT_ADVICE = "repair it or leave the column out"


@dataclass(frozen=True)
class ReadColumns:
    """The columns that vectors are made of.

    Attributes:
        names: a column of whole vectors, or columns of single numbers.
        listed: whether it is one of whole vectors.
        decimal: the mark before fractions, in text.
    """

    names: tuple[str, ...]
    listed: bool
    decimal: str = "."

    def vectors(self, table: Any, where: str, first: int = 0, width: int = 0) -> Floats:
        """[rows, width] float32, NaN where a cell is missing, infinite beyond float32.

        Args:
            table: a `pyarrow.Table`, or a piece of one.
            where: its name, for messages.
            first: the number of its first row, for messages.
            width: that whole vectors must have; 0 takes the first one's.

        Raises:
            InputError: columns that are not there, or cells that are no numbers; with their row.
        """
        if self.listed:
            cells = column_of(table, self.names[0], "data.vector_column", where)
            listed: Floats = vectors_of(cells, self.names[0], where, first=first, width=width)
            return listed
        vectors = np.empty((table.num_rows, len(self.names)), dtype=np.float32)
        for place, name in enumerate(self.names):
            column = column_of(table, name, "data.columns", where)
            with np.errstate(over="ignore"):  # beyond float32 becomes infinite, and is then reported as such
                vectors[:, place] = numbers_of(column, name, where, _TEXT_ADVICE, decimal=self.decimal, first=first)
        return vectors
