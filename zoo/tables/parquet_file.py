"""What the readers of Parquet files share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.tables.arrow_types import is_text
from zoo.tables.files import readable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUFFER = 2**20  # bytes read at once; otherwise pyarrow holds a row group's whole column beside the table


@contextmanager
def open_parquet(path: Path) -> Iterator[Any]:
    """Opens a Parquet file as a `pyarrow.parquet.ParquetFile`; what pyarrow cannot read becomes an InputError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with readable(path):
        try:
            with pq.ParquetFile(path, buffer_size=_BUFFER, pre_buffer=False) as file:
                yield file
        except pa.ArrowNotImplementedError as error:
            raise InputError(
                f"{path}: a column is of a kind that cannot be read in parts ({error}); leave it out"
            ) from error
        except pa.ArrowException as error:
            raise InputError(f"{path}: not a complete Parquet file ({error}); write or download it again") from error


def text_columns(schema: Any) -> list[str]:
    """Names of the columns of strings, in order."""
    return [field.name for field in schema if is_text(field.type)]
