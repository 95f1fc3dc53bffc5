"""Tables that are in memory, whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.tables.table import numbered_blocks, require_names

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from zoo.tables.table import Block


class MemoryTable:
    """A `pyarrow.Table`: of a format that cannot be read in parts, or one that a user holds.

    Args:
        name: what to call it in messages.
        table: the rows.
        identity: what tells whether its file was changed.
        notes: see `zoo.tables.table.Table`.
        row_shape: see `zoo.tables.table.Table`.

    Raises:
        InputError: no columns, or several of one name.
    """

    def __init__(
        self,
        name: str,
        table: Any,
        identity: Mapping[str, Any],
        notes: tuple[str, ...] = (),
        row_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.name, self.notes, self.row_shape = name, notes, row_shape
        self.schema, self.rows = table.schema, table.num_rows
        self._table, self._identity = table, dict(identity)
        require_names(self)

    @property
    def arrow(self) -> Any:
        """The rows, a `pyarrow.Table`."""
        return self._table

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return self._identity

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        if not self._table.num_rows:
            raise InputError(f"{self.name}: the table has no rows; export it again")
        return numbered_blocks(self._table.num_rows, size, limit)

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del numbers
        chosen = self._table.select(list(columns))
        for block in blocks:
            yield chosen.slice(block.first, block.rows)
