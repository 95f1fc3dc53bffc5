"""JSON lines: an object a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.tables.files import readable
from zoo.tables.held_table import table_of_mappings
from zoo.tables.lines_table import LinesTable
from zoo.tables.memory_table import MemoryTable
from zoo.tables.table import require_names

if TYPE_CHECKING:
    from collections.abc import Collection

    from zoo.tables.byte_source import ByteSource
    from zoo.tables.table import Block, Table

_HEAD = 64  # bytes that tell an array from lines


def open_json(source: ByteSource) -> Table:
    """A file of JSON objects: one on each line, or all in one array, as `DataFrame.to_json(orient="records")` writes.

    An array is read whole.

    Raises:
        InputError: neither.
    """
    if not source.head(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return JsonLinesTable(source)
    import json

    import pyarrow as pa

    with readable(source.name), source.open() as file:
        try:
            rows = json.load(file)
            if not all(isinstance(row, dict) for row in rows):
                raise InputError(f"{source.name}: its array holds more than objects; write an object for each row")
            return MemoryTable(source.name, table_of_mappings(rows), source.identity())
        except (ValueError, pa.ArrowException) as error:
            raise InputError(
                f"{source.name}: not an array of JSON objects of like fields ({one_line(error)}); repair it, or write "
                "an object on each line"
            ) from error


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
            raise InputError(f"{self.name}: holds one array, which has no lines")
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
