"""Some rows of a table, from all over it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zoo.tables.table import rows_of_block

if TYPE_CHECKING:
    from zoo.tables.table import Table

_STRETCHES, _ROWS = 4, 2_500
_COUNTED = 2**29  # bytes of a file of text whose rows are counted; larger ones are looked at from their start


@dataclass(frozen=True)
class Sample:
    """Rows of a table.

    Attributes:
        rows: a `pyarrow.Table` of them; text files as they are written.
        of: how many the table has; None where they were not counted.
    """

    rows: Any
    of: int | None

    @property
    def is_whole(self) -> bool:
        """Whether these are all rows."""
        return bool(self.of == self.rows.num_rows)

    def in_words(self) -> str:
        """Such as `6,435 rows` or `1,000,000 rows, of which 10,000 were looked at`."""
        if self.is_whole:
            return f"{self.of:,} rows"
        known = "more rows than were counted" if self.of is None else f"{self.of:,} rows"
        return f"{known}, of which {self.rows.num_rows:,} were looked at"


def sample_of(table: Table) -> Sample:
    """All rows of a small table, or stretches from all over a large one.

    Raises:
        InputError: a table without rows, or one that cannot be read.
    """
    import pyarrow as pa

    width = sum(getattr(field.type, "list_size", 1) for field in table.schema)
    size = min(_ROWS, rows_of_block(width))
    is_long = table.rows is None and int(table.identity().get("bytes") or 0) > _COUNTED
    blocks = table.blocks(size, _STRETCHES * size if is_long else None)
    count = blocks[-1].first + blocks[-1].rows
    if len(blocks) > _STRETCHES:
        last = len(blocks) - 1
        blocks = [blocks[round(part * last / (_STRETCHES - 1))] for part in range(_STRETCHES)]
    rows = pa.concat_tables(table.read(blocks, table.schema.names))
    return Sample(rows, None if is_long and len(blocks) == _STRETCHES else count)
