"""Text files in which each line is a basket."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.tables.lines_table import LinesTable

if TYPE_CHECKING:
    from collections.abc import Collection

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Block

ITEMS = "items"


class BasketLinesTable(LinesTable):
    """A basket a line, without a header, as the column `items` of lists; empty lines are no rows.

    Args:
        source: the file.
        separator: the character between items; an item that holds it stands in double quotes.
    """

    def __init__(self, source: ByteSource, separator: str) -> None:
        super().__init__(source)
        import pyarrow as pa

        self._separator = separator
        self.schema = pa.schema([pa.field(ITEMS, pa.list_(pa.string()))])

    def _parsed(self, data: bytes, block: Block, columns: Collection[str], numbers: Collection[str]) -> Any:
        del numbers
        import pyarrow as pa

        try:
            lines = [line for line in data.decode().replace("\r", "\n").split("\n") if line]
            rows = csv.reader(lines, delimiter=self._separator, skipinitialspace=True, strict=True)
            baskets = [[item for cell in row if (item := cell.strip())] for row in rows]
        except (UnicodeDecodeError, csv.Error) as error:
            last = block.first + block.rows - 1
            raise InputError(
                f"{self.name}: lines {block.first:,} to {last:,} (from 0, without empty ones): {one_line(error)}; "
                "repair them: text in UTF-8, both quotes of an item on one line, a quote inside it twice"
            ) from error
        return pa.table([pa.array(baskets, pa.list_(pa.string()))], schema=self.schema).select(list(columns))
