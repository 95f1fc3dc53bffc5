"""What the readers of Parquet files share."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zoo.data._files import readable
from zoo.errors import InputError

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
    return [field.name for field in schema if _is_text(field.type)]


def column_keys(column: Any, path: Path, name: str, first_row: int) -> list[str]:
    """Keys [rows] of a block of a column of strings, whole numbers or UTF-8 bytes.

    Args:
        column: the block, a `pyarrow.Array`.
        path: the file, for messages.
        name: the column, for messages.
        first_row: the number of the block's first row, for messages.

    Raises:
        InputError: a missing key, or a column of another type.
    """
    import pyarrow as pa

    kind = column.type
    if not (_is_text(kind) or pa.types.is_integer(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
        raise InputError(f"{path}: column '{name}' is of type {kind}; keys are strings or whole numbers")
    if column.null_count:
        row = first_row + column.is_null().index(True).as_py()
        raise InputError(f"{path}: column '{name}' has no key in row {row} (from 0); fill it in or delete the row")
    try:
        keys: list[str] = column.cast(pa.string()).to_pylist()
    except (pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InputError(f"{path}: column '{name}' holds keys that are not UTF-8 ({error}); write it again") from error
    return keys


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner))
