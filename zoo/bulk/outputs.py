"""Writing the output: Parquet, CSV or npy, whole or not at all."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, ZooError, one_line
from zoo.tables.arrow_types import is_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from zoo.tables.table import Table

EMBEDDING = "embedding"
ENDINGS = (".parquet", ".csv", ".npy")
PLAIN_ENDINGS = (".parquet", ".csv")


def require_output(path: Path, source: str | Table, *, overwrite: bool, endings: Sequence[str] = ENDINGS) -> None:
    """Raises InputError for an output that cannot be written."""
    if path.suffix.lower() not in endings:
        raise InputError(f"output={path}: no writer for this ending; writable: {', '.join(endings)}")
    if not path.parent.is_dir():
        raise InputError(f"output={path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise InputError(f"output={path}: this is a folder; name a file")
    if path.exists() and isinstance(source, str) and Path(source).exists() and path.samefile(source):
        raise InputError(f"output={path}: this is the input; write another file")
    if isinstance(source, str) and Path(source).is_dir() and Path(source) in path.absolute().parents:
        raise InputError(f"output={path}: lies in the folder that is read; write it elsewhere")
    if path.exists() and not overwrite:
        raise InputError(f"output={path}: the file exists; move it away, name another, or say overwrite=true")


def require_fitting(path: Path, kept: Any, *, asked: bool) -> list[str]:
    """The carried columns that an output's format can hold.

    Args:
        path: the output.
        kept: a `pyarrow.Schema` of the carried columns.
        asked: whether the user named them.

    Raises:
        InputError: it cannot hold what the user named, or two columns would have one name.
    """
    if EMBEDDING in kept.names:
        raise InputError(
            f"the input has a column '{EMBEDDING}' already, as the output will; rename it, or leave it out by naming "
            "the columns to carry along with keep=A,B or keep=none"
        )
    end = path.suffix.lower()
    again = [name for name in kept.names if re.fullmatch(rf"{EMBEDDING}_\d+", name)] if end == ".csv" else []
    if again:
        raise InputError(
            f"the input has a column '{again[0]}' already, as the output may; rename it, or leave it out by naming the "
            "columns to carry along with keep=A,B or keep=none"
        )
    unwritable = [field.name for field in kept if not _is_text_in_csv(field)] if end == ".csv" else []
    lost = kept.names if end == ".npy" else unwritable
    if lost and asked:
        raise InputError(f"keep: {end} files cannot hold {', '.join(lost)}; write .parquet")
    return [name for name in kept.names if name not in lost]


def _is_text_in_csv(field: Any) -> bool:
    """Whether Arrow writes any value of a column into a CSV file."""
    import pyarrow as pa
    from pyarrow import csv

    if "binary" in str(field.type):  # of which only what happens to be UTF-8 could be written
        return False
    try:
        csv.write_csv(pa.table({field.name: pa.nulls(1, field.type)}), pa.BufferOutputStream())
    except pa.ArrowException:
        return False
    return True


def write_output(path: Path, tables: Iterable[Any], rows: int, metadata: Mapping[str, str]) -> None:
    """Writes tables one after another under a temporary name, and renames it.

    Args:
        path: the output.
        tables: a `pyarrow.Table` each, at least one; the last column is the embedding.
        rows: of all tables together.
        metadata: facts to keep with the file, where its format can.

    Raises:
        ZooError: it could not be written; nothing is left of it then.
    """
    write: Callable[..., None] = {".parquet": _parquet, ".csv": _csv, ".npy": _npy}[path.suffix.lower()]
    write_whole(path, lambda new: write(new, _first_and_all(tables), rows, metadata))


def write_plain(path: Path, tables: Iterable[Any], metadata: Mapping[str, str]) -> None:
    """The same of tables of single cells, as Parquet or CSV."""
    import pyarrow.parquet as pq
    from pyarrow import csv

    def write(new: Path) -> None:
        schema, coming = _first_and_all(tables)
        if path.suffix.lower() == ".csv":
            with csv.CSVWriter(new, schema) as rows:
                for table in coming:
                    rows.write_table(table)
            return
        schema = schema.with_metadata(dict(metadata))
        with pq.ParquetWriter(new, schema) as file:
            for table in coming:
                file.write_table(table.replace_schema_metadata(dict(metadata)))

    write_whole(path, write)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Has a file written under a temporary name, and renames it.

    Raises:
        ZooError: it could not be written; nothing is left of it then.
    """
    new = path.with_name(f".{path.name}.new-{uuid.uuid4().hex[:8]}")
    try:
        write(new)
        with new.open("rb+") as file:
            os.fsync(file.fileno())  # a power cut must not leave an empty file under the final name
        new.replace(path)
    except OSError as error:
        raise ZooError(
            f"{path} could not be written ({one_line(error)}); make space, then the same command goes on where "
            "it stopped"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)


def remove_abandoned(path: Path) -> None:
    """Removes what a killed process left of an output; the caller holds the lock of its parts."""
    for each in path.parent.glob(f".{path.name}.new-*"):
        each.unlink(missing_ok=True)


def _first_and_all(tables: Iterable[Any]) -> tuple[Any, Iterable[Any]]:
    """The tables' schema, and all of them."""
    coming = iter(tables)
    first = next(coming)
    return first.schema, itertools.chain([first], coming)


def _parquet(new: Path, opened: tuple[Any, Iterable[Any]], rows: int, metadata: Mapping[str, str]) -> None:
    del rows
    import pyarrow.parquet as pq

    schema, tables = opened
    others = [name for name in schema.names if name != EMBEDDING]
    texts = [field.name for field in schema if is_text(field.type)]
    options = {
        # numbers hardly ever repeat: dictionaries would cost time and gain nothing, nor would compressing embeddings
        "use_dictionary": texts or False,
        "compression": dict.fromkeys(others, "snappy") | {f"{EMBEDDING}.list.element": "none"},
        "write_statistics": others,
    }
    with pq.ParquetWriter(new, schema.with_metadata(dict(metadata)), **options) as writer:
        for table in tables:
            writer.write_table(table.replace_schema_metadata(dict(metadata)))


def _csv(new: Path, opened: tuple[Any, Iterable[Any]], rows: int, metadata: Mapping[str, str]) -> None:
    del rows, metadata
    import pyarrow as pa
    from pyarrow import csv

    schema, tables = opened
    kind = schema.field(EMBEDDING).type
    fields = [pa.field(f"{EMBEDDING}_{place}", kind.value_type) for place in range(kind.list_size)]
    flat = pa.schema([*list(schema)[:-1], *fields])
    with csv.CSVWriter(new, flat) as writer:
        for table in tables:
            codes = _codes(table)
            columns = [*table.columns[:-1], *(pa.array(np.ascontiguousarray(column)) for column in codes.T)]
            writer.write_table(pa.table(columns, schema=flat))


def _npy(new: Path, opened: tuple[Any, Iterable[Any]], rows: int, metadata: Mapping[str, str]) -> None:
    del metadata
    schema, tables = opened
    kind = schema.field(EMBEDDING).type
    with new.open("wb") as file:
        header = {
            "descr": np.lib.format.dtype_to_descr(np.dtype(kind.value_type.to_pandas_dtype())),
            "fortran_order": False,
            "shape": (rows, kind.list_size),
        }
        np.lib.format.write_array_header_1_0(file, header)
        for table in tables:
            file.write(_codes(table).data)


def _codes(table: Any) -> Any:
    """[rows, latent_dim]."""
    column = table.column(EMBEDDING).combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)
