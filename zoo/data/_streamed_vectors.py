"""Vectors of a table that does not fit in memory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from zoo.data._row_sample import SomeRows
from zoo.data._stream_notes import stream_notes
from zoo.data._table_pass import SPLITS, TablePass
from zoo.data._table_stream import TableStream
from zoo.data._vector_files import Wanted
from zoo.errors import InputError
from zoo.tables.files import ending
from zoo.tables.npy_table import NpyTable
from zoo.tables.open_table import PARQUET, open_table, origin_of
from zoo.tables.parquet_table import ParquetTable
from zoo.tables.table import batches, rows_of_block
from zoo.types import Splits

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from zoo.data._vector_files import VectorFile
    from zoo.data.vectors import Vectors
    from zoo.tables.table import Table
    from zoo.types import Rows

_SHARE = 0.25  # of the machine's memory, that the numbers of a table may take before it is streamed
_HEAD = 10_000  # rows that tell which columns make up vectors
_BLOCK = 8192  # rows that are read at once, at the most: the smaller, the better row groups mix
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))  # of a container


def streamed(source: Vectors) -> Splits | None:
    """The table of a source as a stream, and a sample of each split in memory; None where it is to be read whole.

    Raises:
        InputError: see `zoo.data.Vectors`; or a table that cannot be read in parts is to be streamed.
    """
    asked = source.stream is True
    table = _table(source, asked=asked)
    if table is None or not (asked or (table.rows or 0) > _HEAD):
        return None
    wanted = Wanted(source.vector_column, source.label_column, source.key_column, source.columns)
    try:
        first = _head(source, table, wanted)
    except InputError:  # the first rows may not be like the others, which reading the whole table will show
        if asked:
            raise
        return None
    if not asked and not _fills_memory(table.rows or 0, int(first.vectors.shape[1])):
        return None
    return _splits(source, table, first, wanted)


def _table(source: Vectors, *, asked: bool) -> Table | None:
    """The table, if it can be streamed."""
    together = source.judged is not None or source.labels is not None or source.fit_on_all
    if source.path is None or source.stream is False or together:
        return None
    path = Path(source.path).expanduser()
    if not asked and path.is_file() and ending(path, PARQUET) is None:
        return None
    table = open_table(source.path, source.text)
    if isinstance(table, ParquetTable | NpyTable):
        return table
    if asked:
        raise InputError(
            f"{table.name}: data.stream=true reads any part of a table at any time, which Parquet (a file, folder, "
            "glob or URL) and .npy are made for; write the table as Parquet, or leave data.stream out"
        )
    return None


def _fills_memory(rows: int, width: int) -> bool:
    """Whether so many float32 numbers take more than `_SHARE` of the memory of this machine or container."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for each in _LIMITS:  # control groups of version 2 and 1
        if each.is_file() and (limit := each.read_text().strip()).isdigit():
            memory = min(memory, int(limit))
    return rows * width * 4 > _SHARE * memory


def _head(source: Vectors, table: Table, wanted: Wanted) -> VectorFile:
    """The first rows, read as a whole table would be: which columns make up vectors, and how wide these are."""
    import pyarrow as pa

    from zoo.data._vector_columns import read_columns
    from zoo.tables.memory_table import MemoryTable

    rows = pa.concat_tables(batches(table, table.schema.names, limit=_HEAD))
    name = f"{table.name} (its first {rows.num_rows:,} rows)" if (table.rows or 0) > rows.num_rows else table.name
    whole = MemoryTable(name, rows, table.identity(), table.notes, table.row_shape)
    return read_columns(whole, wanted, source.text)


def _splits(source: Vectors, table: Table, first: VectorFile, wanted: Wanted) -> Splits:
    from zoo.data._classes import class_labels, labelled
    from zoo.data._row_split import refuse_empty
    from zoo.rows.dense_rows import DenseRows

    assert first.read is not None  # noqa: S101  a table has columns
    width = int(first.vectors.shape[1])
    blocks = table.blocks(min(rows_of_block(width), _BLOCK))
    shares, drop = (source.validation, source.test), source.invalid == "drop"
    seen = TablePass(table, first.read, wanted, width, shares, drop, source.sample_rows)
    seen.run(blocks)
    counts = {name: seen.samples[name].seen for name in SPLITS}
    total = sum(counts.values())
    options = f"data.validation={source.validation} or data.test={source.test}"
    refuse_empty({name: range(rows) for name, rows in counts.items()}, total, name=table.name, options=options)
    odd = seen.oddities(allow_constant=source.allow_constant)
    held, rows = _held(seen)
    labels, label_notes = None, tuple[str, ...]()
    if wanted.label_column is not None:
        labels, label_notes = class_labels(held.labels.tolist(), first.label_name, table.name)
    stream = TableStream(table, blocks, first.read, width, seen.training, counts["train"], total, source.shuffle_buffer)
    in_memory = {name: len(numbers) for name, numbers in rows.items()}
    return Splits(
        features=held.vectors,
        train=rows["train"],
        validation=rows["validation"],
        test=rows["test"],
        keys=None if wanted.key_column is None else held.keys,
        labels=labels,
        provenance=_provenance(source, stream, counts, in_memory)
        | {"invalid_dropped": seen.dropped, "fingerprint": labelled(seen.digest, labels)},
        notes=(
            *first.notes,
            *odd,
            *label_notes,
            *stream_notes(stream, counts, in_memory, keyed=wanted.key_column is not None),
        ),
        kind=DenseRows("vector", (width,), first.columns),
        stream=stream,
    )


def _held(seen: TablePass) -> tuple[SomeRows, dict[str, Rows]]:
    """The samples of all splits as one table, in the order of the whole one, and which of its rows are of which."""
    samples = {name: seen.samples[name].rows() for name in SPLITS}
    together = SomeRows.of(list(samples.values()))
    held = together.take(np.argsort(together.rows, kind="stable"))
    return held, {name: np.searchsorted(held.rows, sample.rows) for name, sample in samples.items()}


def _provenance(
    source: Vectors, stream: TableStream, counts: Mapping[str, int], in_memory: Mapping[str, int]
) -> dict[str, Any]:
    names = ("vector_column", "label_column", "key_column", "columns")
    return {
        **origin_of(stream.table),
        "source": type(source).__name__,
        **{name: value for name in names if (value := getattr(source, name)) is not None},
        "rows": stream.total,
        "width": stream.width,
        "splits": dict(counts),
        "streamed": {"shuffle_buffer": stream.buffer, "in_memory": dict(in_memory)},
    }
