"""Arrow's own files, and Feather's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError, one_line
from zoo.tables.files import readable
from zoo.tables.memory_table import MemoryTable

if TYPE_CHECKING:
    from zoo.tables.byte_source import ByteSource


def open_arrow(source: ByteSource) -> MemoryTable:
    """Opens an Arrow file, a stream of it, or Feather; where it lies here it is a memory map, which takes no memory.

    Raises:
        InputError: none of them.
    """
    import pyarrow as pa
    from pyarrow import feather

    with readable(source.name):
        try:
            file = source.whole()
            start = file.read(6)
            file.seek(0)
            if start == b"ARROW1":
                table = pa.ipc.open_file(file).read_all()
            elif start.startswith(b"FEA1"):
                table = feather.read_table(file)
            else:
                table = pa.ipc.open_stream(file).read_all()
        except pa.ArrowException as error:
            raise InputError(
                f"{source.name}: not a complete Arrow or Feather file ({one_line(error)}); write it again"
            ) from error
    return MemoryTable(source.name, table, source.identity())
