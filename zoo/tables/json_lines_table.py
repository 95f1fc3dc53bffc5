"""JSON lines: an object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.tables.lines_table import LinesTable
from zoo.tables.table import require_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Block


class JsonLinesTable(LinesTable):
    """A file with a JSON object on each line, also packed; its columns and their types are told from the first rows.

    Args:
        source: the file.

    Raises:
        InputError: not such a file.
    """

    def __init__(self, source: ByteSource) -> None:
        super().__init__(source)
        head = self._first_rows()
        if head.lstrip().startswith(b"["):
            raise InputError(f"{self.name}: holds one array; write an object on each line instead, without commas")
        self.schema = self._read(head, None, "the first rows").schema
        require_names(self)

    def _parsed(self, data: bytes, block: Block, columns: Collection[str], numbers: Collection[str]) -> Any:
        del numbers
        import pyarrow as pa

        last = block.first + block.rows - 1
        where = f"rows {block.first:,} to {last:,} (from 0)"
        wanted = pa.schema([self.schema.field(name) for name in columns])
        table = self._read(data, wanted, where)
        if table.num_rows != block.rows:
            raise InputError(
                f"{self.name}: {where}: {table.num_rows:,} objects on {block.rows:,} lines; put one on each"
            )
        return table

    def _read(self, data: bytes, schema: Any, where: str) -> Any:
        import pyarrow as pa
        from pyarrow import json

        options = json.ParseOptions(
            explicit_schema=schema, unexpected_field_behavior="infer" if schema is None else "ignore"
        )
        try:
            data.decode()  # Arrow does not look
            return json.read_json(
                pa.BufferReader(data), json.ReadOptions(use_threads=False, block_size=len(data) + 1), options
            )
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.name}: {where}: not UTF-8 ({error}); save it as UTF-8, or say which encoding it is in, such as "
                "data.encoding=latin-1 (in bulk encoding=latin-1)"
            ) from error
        except pa.ArrowInvalid as error:
            raise InputError(
                f"{self.name}: {where}: not JSON objects of like fields ({one_line(error)}); repair the row, or write "
                "numbers that may have a fraction as 1.0 in the first rows already"
            ) from error
