"""Parquet: a file, a folder, a glob, or partitions."""

from __future__ import annotations

import contextlib
import io
from collections import deque
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.errors import InputError, one_line
from zoo.tables.files import readable
from zoo.tables.table import Block, require_names

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

_BUFFER = 2**20  # bytes read at once; otherwise pyarrow holds a row group's whole column beside the table


class ParquetTable:
    """Parquet files of one schema, in the order of their names.

    They are read in blocks: pieces of a large row group, or several small ones together. Folders called `key=value`
    (Hive's partitions) are columns.

    Args:
        name: what the user wrote.
        paths: a file, a folder, or several files.
        system: fsspec's file system that they are on; None is this machine's.
        partitioned: whether folders' names may hold columns.

    Raises:
        InputError: no Parquet files, or of differing columns.
    """

    row_shape: tuple[int, ...] | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, name: str, paths: Sequence[str], system: Any = None, *, partitioned: bool = False) -> None:
        self.name, self._system = name, system
        self._files: list[tuple[str, dict[str, Any]]] = [(paths[0], {})]
        partitions: list[Any] = []
        if len(paths) > 1 or partitioned:
            self._files, partitions = self._found(paths)
        with self._opened(0) as file:
            own = file.schema_arrow
        import pyarrow as pa

        added = [field for field in partitions if field.name not in own.names]
        self.schema = pa.schema([*own, *added], metadata=own.metadata)
        require_names(self)
        self._groups = [group for place in range(len(self._files)) for group in self._row_groups(place)]
        self._count = sum(rows for _, _, rows in self._groups)
        self.rows: int | None = self._count

    def identity(self) -> dict[str, Any]:
        """See `zoo.tables.table.Table`."""
        facts = [self._state(path) for path, _ in self._files]
        many = {"files": len(facts)} if len(facts) > 1 else {}
        changed = facts[0][1] if len(facts) == 1 else [changed for _, changed in facts]
        return {"path": self.name, **many, "bytes": sum(size for size, _ in facts), "changed": changed}

    def blocks(self, size: int, limit: int | None = None) -> list[Block]:
        """See `zoo.tables.table.Table`."""
        most = self._count if limit is None else min(limit, self._count)
        blocks: list[Block] = []
        group, first = 0, 0
        while group < len(self._groups) and first < most:
            place, _, rows = self._groups[group]
            stop = group + 1
            while stop < len(self._groups) and self._groups[stop][0] == place and rows + self._groups[stop][2] <= size:
                rows += self._groups[stop][2]
                stop += 1
            left = min(rows, most - first)
            for skip in range(0, left, size):
                blocks.append(Block(len(blocks), first + skip, min(size, left - skip), group, stop, skip, task=group))
            group, first = stop, first + rows
        if not blocks:
            names = ", ".join(f"'{name}'" for name in self.schema.names)
            raise InputError(f"{self.name}: the table has no rows, only the columns {names}; export it again")
        return blocks

    def read(self, blocks: Sequence[Block], columns: Collection[str], numbers: Collection[str] = ()) -> Generator[Any]:
        """See `zoo.tables.table.Table`."""
        del numbers
        size = max((block.rows for block in blocks), default=1)
        for place, here in groupby(blocks, key=lambda block: self._groups[block.start][0]):
            with self._opened(place) as file:
                for _, same in groupby(here, key=lambda block: block.start):
                    pieces = list(same)
                    groups = [self._groups[number][1] for number in range(pieces[0].start, pieces[0].stop)]
                    stream = _Stream(self._batches(file, place, groups, size, list(columns)), self.name)
                    for block in pieces:
                        stream.skip_to(block.skip)
                        yield stream.take(block.rows)

    def _found(self, paths: Sequence[str]) -> tuple[list[tuple[str, dict[str, Any]]], list[Any]]:
        """The files with their partitions' values, and the partitions' fields."""
        import pyarrow.dataset as ds

        system = None if self._system is None else _arrow_system(self._system)
        with _parquet_errors(self.name):
            found = ds.dataset(list(paths), format="parquet", partitioning="hive", filesystem=system)
            files = [(each.path, ds.get_partition_keys(each.partition_expression)) for each in found.get_fragments()]
        if not files:
            raise InputError(f"{self.name}: holds no Parquet files")
        keys = files[0][1]
        return sorted(files, key=lambda each: each[0]), [found.schema.field(key) for key in keys]

    def _batches(self, file: Any, place: int, groups: list[int], size: int, columns: list[str]) -> Iterator[Any]:
        import pyarrow as pa

        partition = self._files[place][1]
        own = [name for name in columns if name in file.schema_arrow.names]
        schema = pa.schema([self.schema.field(name) for name in columns])
        for batch in file.iter_batches(size, row_groups=groups, columns=own):
            arrays = []
            for field in schema:
                if field.name in own:
                    arrays.append(_as_type(batch.column(field.name), field.type))
                else:
                    value = pa.scalar(partition.get(field.name), field.type)
                    arrays.append(pa.repeat(value, batch.num_rows))
            yield pa.record_batch(arrays, schema=schema)

    def _row_groups(self, place: int) -> Iterator[tuple[int, int, int]]:
        with self._opened(place) as file:
            there = {*file.schema_arrow.names, *self._files[place][1]}
            lacking = [name for name in self.schema.names if name not in there]
            if lacking:
                raise InputError(
                    f"{self.name}: {self._files[place][0]} has no column '{lacking[0]}', which the files before have"
                )
            for group in range(file.num_row_groups):
                yield place, group, file.metadata.row_group(group).num_rows

    @contextlib.contextmanager
    def _opened(self, place: int) -> Iterator[Any]:
        path = self._files[place][0]
        with _parquet_errors(path if len(self._files) > 1 else self.name), contextlib.ExitStack() as held:
            source = path if self._system is None else held.enter_context(self._system.open(path, "rb"))
            yield held.enter_context(open_file(source))

    def _state(self, path: str) -> tuple[int, Any]:
        if self._system is not None:
            return int(self._system.size(path)), self._system.ukey(path)
        facts = Path(path).stat()
        return facts.st_size, facts.st_mtime_ns


def open_file(source: Any) -> Any:
    """Opens a `pyarrow.parquet.ParquetFile` that can read fixed-size lists of which some are missing.

    Arrow writes its own types into a Parquet file, and reads fixed-size lists with missing ones only where it does not
    look at these (apache/arrow issue 35692); so that name is made another there, and lists come as plain ones.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source, buffer_size=_BUFFER, pre_buffer=False)
    if not any(pa.types.is_fixed_size_list(field.type) for field in file.schema_arrow):
        return file
    metadata = io.BytesIO()
    file.metadata.write_metadata_file(metadata)
    changed = pq.read_metadata(io.BytesIO(metadata.getvalue().replace(b"ARROW:schema", b"ARROW-schema")))
    return _Relaxed(file, pq.ParquetFile(source, metadata=changed, buffer_size=_BUFFER, pre_buffer=False))


class _Relaxed:
    """A `ParquetFile` with its own schema that reads with another's."""

    def __init__(self, file: Any, plain: Any) -> None:
        self.schema_arrow, self.metadata, self.num_row_groups = file.schema_arrow, file.metadata, file.num_row_groups
        self._both, self.iter_batches = (file, plain), plain.iter_batches

    def __enter__(self) -> _Relaxed:
        return self

    def __exit__(self, *error: object) -> None:
        for file in self._both:
            file.close()


def _as_type(column: Any, kind: Any) -> Any:
    """A column as the type that its schema promises."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.type == kind:
        return column
    if not pa.types.is_fixed_size_list(kind):
        return column.cast(kind)
    there = column.is_valid()
    lengths = pc.fill_null(pc.list_value_length(column), kind.list_size).to_numpy(zero_copy_only=False)
    if not (lengths == kind.list_size).all():
        raise pa.ArrowInvalid(f"lists that are not of the fixed size {kind.list_size}")
    values = column.flatten()
    if column.null_count:
        place = np.full((len(column), kind.list_size), -1, dtype=np.int64)
        place[there.to_numpy(zero_copy_only=False)] = np.arange(len(values)).reshape(-1, kind.list_size)
        values = values.take(pa.array(place.reshape(-1), mask=place.reshape(-1) < 0))
    return pa.FixedSizeListArray.from_arrays(values.cast(kind.value_type), type=kind, mask=pc.invert(there))


def _arrow_system(system: Any) -> Any:
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    return PyFileSystem(FSSpecHandler(system))


@contextlib.contextmanager
def _parquet_errors(name: str) -> Iterator[None]:
    """What pyarrow cannot read becomes an InputError."""
    import pyarrow as pa

    with readable(name):
        try:
            yield
        except pa.ArrowNotImplementedError as error:
            raise InputError(
                f"{name}: a column is of a kind that cannot be read in parts ({one_line(error)}); leave it out"
            ) from error
        except pa.ArrowException as error:
            raise InputError(
                f"{name}: not a complete Parquet file ({one_line(error)}); write or download it again"
            ) from error


class _Stream:
    """Batches of any size, cut anew."""

    def __init__(self, batches: Iterator[Any], name: str) -> None:
        self._batches, self._name = batches, name
        self._held: deque[Any] = deque()
        self._position = 0

    def skip_to(self, position: int) -> None:
        """Drops the rows before a position."""
        while self._position < position:
            self._piece(position - self._position)

    def take(self, rows: int) -> Any:
        """The next rows, as a table."""
        import pyarrow as pa

        pieces = []
        while rows:
            pieces.append(self._piece(rows))
            rows -= pieces[-1].num_rows
        return pa.Table.from_batches(pieces)

    def _piece(self, most: int) -> Any:
        """The next rows, at least one of them and at most so many."""
        while not self._held:
            batch = next(self._batches, None)
            if batch is None:
                raise InputError(f"{self._name}: it holds fewer rows than it says; write or download it again")
            if batch.num_rows:
                self._held.append(batch)
        batch = self._held.popleft()
        if batch.num_rows > most:
            self._held.appendleft(batch.slice(most))
            batch = batch.slice(0, most)
        self._position += batch.num_rows
        return batch
