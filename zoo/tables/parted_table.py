"""Tables with lists in columns of text, such as `tea;milk`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import parted_texts, whole

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Sequence

    from zoo.tables.table import Block, Table


class PartedTable:
    """A table of which some columns of text become columns of lists.

    Args:
        table: the table.
        columns: those columns.
        separator: the character between what is listed; blanks around that do not belong to it.

    Raises:
        InputError: a column that is not there, or that holds lists already.
    """

    row_shape: tuple[int, ...] | None = None

    def __init__(self, table: Table, columns: Sequence[str], separator: str) -> None:
        import pyarrow as pa

        self._table, self._columns, self._separator = table, tuple(columns), separator
        self.name, self.rows, self.notes, self.schema = table.name, table.rows, table.notes, table.schema
        for name in columns:
            if name not in self.schema.names:
                hint = suggestion(name, self.schema.names, what="columns")
                raise InputError(f"{table.name}: columns {name!r}: no such column; {hint}")
            place = self.schema.get_field_index(name)
            if is_list(self.schema.field(place).type):
                raise InputError(f"{table.name}: column '{name}' holds lists already; leave separator out")
            self.schema = self.schema.set(place, pa.field(name, pa.list_(pa.large_string())))

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self._table.identity()

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        blocks = self._table.blocks(size, limit)
        self.rows = self._table.rows
        return blocks

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        for piece in self._table.read(blocks, columns, numbers):
            parted = piece
            for name in set(self._columns) & set(columns):
                lists = parted_texts(whole(piece.column(name)), self._separator)
                parted = parted.set_column(parted.schema.get_field_index(name), name, lists)
            yield parted
