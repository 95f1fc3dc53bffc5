"""A table some of whose columns are called otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, suggestion

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from zoo.tables.table import Block, Table


class RenamedTable:
    """A table under other names of columns.

    Args:
        table: the table.
        names: what a column is called in it -> what it is to be called.

    Raises:
        InputError: no such column, or a name that another has.
    """

    def __init__(self, table: Table, names: Mapping[str, str]) -> None:
        import pyarrow as pa

        for old, new in names.items():
            if old not in table.schema.names:
                hint = suggestion(old, table.schema.names, what="columns")
                raise InputError(f"{table.name}: rename={old}:{new}: there is no such column; {hint}")
            if new in table.schema.names and new not in names:
                raise InputError(
                    f"{table.name}: rename={old}:{new}: there is a column {new!r} already; leave rename out"
                )
        self._table = table
        self._old = {names.get(name, name): name for name in table.schema.names}
        self.schema = pa.schema([field.with_name(names.get(field.name, field.name)) for field in table.schema])
        self.name, self.rows, self.row_shape, self.notes = table.name, table.rows, table.row_shape, table.notes
        self._names = dict(names)

    @property
    def own_names(self) -> list[str]:
        """What its columns are called in the table itself."""
        return list(self._old.values())

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        return self._table.blocks(size, limit)

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        old = [self._old[name] for name in columns]
        for piece in self._table.read(blocks, old, [self._old[name] for name in numbers]):
            chosen = piece.select(old)
            yield chosen.rename_columns(list(columns))

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        return {**self._table.identity(), "renamed": self._names}
