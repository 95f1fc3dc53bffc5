"""Mixed tables that do not fit in memory: a sample of each split, and the training rows as a stream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.data._kept_rows import KeptRows
from zoo.data._key_split import key_positions, parts_by_position
from zoo.data._record_tables import one_table, passed_over
from zoo.data._row_sample import RowSample, SomeRows
from zoo.data._row_split import refuse_empty
from zoo.data._sparse import SPLITS
from zoo.data._stream_notes import stream_notes
from zoo.data._table_stream import TableStream
from zoo.errors import InputError
from zoo.tables.fingerprint import fingerprint
from zoo.tables.keys import require_utf8, row_keys
from zoo.tables.memory_table import MemoryTable
from zoo.tables.open_table import open_table, origin_of
from zoo.tables.own_columns import key_column
from zoo.tables.parquet_table import ParquetTable
from zoo.tables.read_table import readable_text, require_columns
from zoo.tables.table import batches, rows_of_block

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from zoo.data._record_tables import RecordTable
    from zoo.data.mixed_table import MixedTable
    from zoo.rows.mixed_rows import MixedRows
    from zoo.tables.table import Block, Table
    from zoo.types import Floats, Rows, Splits

_HEAD = 10_000  # rows that tell which column names the rows
_BLOCK = 8192  # rows that are read at once, at the most
_NUMBERS_OF_A_COLUMN = 8  # that its cells become, for the size of a block
_NOT_KEPT = (
    "There is no room for the training rows as numbers among the temporary files, so that each epoch reads the cells "
    "anew: set TMPDIR to a folder on a larger disk."
)
_NUMBER = "number of the row in its table"  # what names rows that no column names


@dataclass(frozen=True)
class ReadCells:
    """Cells of a piece of a table as numbers, by the graph that is served.

    Attributes:
        names: the columns.
        kind: how they are read.
    """

    names: tuple[str, ...]
    kind: MixedRows

    def vectors(self, table: Any, where: str, first: int = 0, width: int = 0) -> Floats:
        """[rows, width] float32; see `zoo.data._table_stream.Reads`."""
        del first, width
        return self.kind.read(readable_text(table.select(list(self.names)), where))


@dataclass
class MixedSample:
    """A table that was gone through, twice: its keys decide which row is for what, and its cells are looked at.

    Attributes:
        found: the rows of all splits that are in memory, in the table's order, as a table of their own.
        table: the whole.
        blocks: all of its blocks.
        training: which rows of each block are trained on, as `zoo.data._table_stream.TableStream` has it.
        counts: split -> its rows.
        digest: of the content.
    """

    found: RecordTable
    table: Table
    blocks: Sequence[Block]
    training: list[npt.NDArray[np.uint8]]
    counts: dict[str, int]
    digest: str
    key: str | None

    def streamed(self, splits: Splits, kind: MixedRows, buffer: int, digest: str) -> Splits:
        """The splits of the rows in memory, with the training rows of the whole table.

        Args:
            splits: of `found`.
            kind: how their cells are read.
            buffer: rows of the shuffle buffer.
            digest: of the content, labels and all.
        """
        read = ReadCells(tuple(kind.fields), kind)
        total = sum(self.counts.values())
        kept = KeptRows.of(self.blocks[-1].first + self.blocks[-1].rows, kind.width)
        stream = TableStream(
            self.table, self.blocks, read, kind.width, self.training, self.counts["train"], total, buffer, kept
        )
        held = {name: len(getattr(splits, name)) for name in SPLITS}
        facts = {"rows": total, "splits": self.counts, "fingerprint": digest}
        learnt = (
            f"How columns are read, categories and scales were learnt from the {held['train']:,} training rows in "
            "memory (data.sample_rows)."
        )
        return replace(
            splits,
            stream=stream,
            provenance={**splits.provenance, **facts, "streamed": {"shuffle_buffer": buffer, "in_memory": held}},
            notes=(
                *splits.notes,
                *stream_notes(stream, self.counts, held, keyed=self.key is not None),
                *([learnt] if held["train"] < self.counts["train"] else []),
                _NOT_KEPT if kept is None else f"Read once, the training rows are kept in {kept.where}.",
            ),
        )


def sampled(source: MixedTable) -> MixedSample:
    """Goes through the table of a source that is to be streamed.

    Raises:
        InputError: a table that cannot be read in parts, or whose keys or cells cannot be used.
    """
    table = open_table(str(source.path), source.text)
    if not isinstance(table, ParquetTable):
        raise InputError(
            f"{table.name}: data.stream=true reads any part of a table at any time, which Parquet (a file, folder, "
            "glob or URL) is made for; write the table as Parquet, or leave data.stream out"
        )
    head = _head(table)
    for option in ("key_column", "label_column"):
        if (name := getattr(source, option)) is not None:
            require_columns(head, [name], f"data.{option}", table.name)
    key = source.key_column or key_column(head, () if source.label_column is None else (source.label_column,))
    columns = table.schema.names
    blocks = table.blocks(min(rows_of_block(_NUMBERS_OF_A_COLUMN * len(columns)), _BLOCK))
    looked = _Keys(table, key, (source.validation, source.test), source.sample_rows)
    looked.run(blocks)
    counts = {name: looked.samples[name].seen for name in SPLITS}
    options = f"data.validation={source.validation} or data.test={source.test}"
    refuse_empty(
        {name: range(rows) for name, rows in counts.items()}, sum(counts.values()), name=table.name, options=options
    )
    rows = np.sort(np.concatenate([sample.rows().rows for sample in looked.samples.values()]))
    cells, digest = _cells(table, blocks, columns, rows)
    found = _as_records(source, table, cells, rows, key)
    return MixedSample(found, table, blocks, looked.training, counts, digest, key)


def _head(table: Table) -> Any:
    import pyarrow as pa

    return readable_text(pa.concat_tables(batches(table, table.schema.names, limit=_HEAD)), table.name)


@dataclass
class _Keys:
    """A pass over the keys: which row is for what, and which of them are held in memory."""

    table: Table
    key: str | None
    shares: tuple[float, float]
    most: int
    training: list[npt.NDArray[np.uint8]] = field(default_factory=list)
    samples: dict[str, RowSample] = field(default_factory=dict)

    def run(self, blocks: Sequence[Block]) -> None:
        self.samples = {name: RowSample(self.most) for name in SPLITS}
        for block, keys in zip(blocks, self._keys(blocks), strict=True):
            require_utf8(keys, self.table.name)
            positions = key_positions(keys)
            parts = parts_by_position(positions, *self.shares)
            self.training.append(np.packbits(parts["train"]))
            for split, chosen in parts.items():
                places = np.flatnonzero(chosen)
                nothing = np.empty((len(places), 0), np.float32), *[np.full(len(places), None, object)] * 2
                self.samples[split].add(SomeRows(positions[places], block.first + places, *nothing))

    def _keys(self, blocks: Sequence[Block]) -> Iterator[list[str]]:
        where = self.table.name
        if self.key is None:
            for block in blocks:
                yield [str(row) for row in range(block.first, block.first + block.rows)]
            return
        pieces = self.table.read(blocks, [self.key])
        for block, piece in zip(blocks, pieces, strict=True):
            yield row_keys(readable_text(piece, where), self.key, where, block.first)


def _cells(table: Table, blocks: Sequence[Block], columns: Sequence[str], rows: Rows) -> tuple[Any, str]:
    """The cells of some rows as a `pyarrow.Table`, and a digest of those of all."""
    import pyarrow as pa

    kept, digest = [], ""
    for block, piece in zip(blocks, table.read(blocks, columns), strict=True):
        digest = fingerprint(digest, _content(piece))
        first, last = np.searchsorted(rows, [block.first, block.first + block.rows])
        if first < last:
            kept.append(piece.take(rows[first:last] - block.first))
    return pa.concat_tables(kept), digest


def _content(piece: Any) -> npt.NDArray[np.uint8]:
    """The bytes of a piece of a table, as Arrow writes it."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, piece.schema) as stream:
        stream.write_table(piece.combine_chunks())
    return np.frombuffer(sink.getvalue(), np.uint8)


def _as_records(source: MixedTable, table: Table, cells: Any, rows: Rows, key: str | None) -> RecordTable:
    """The rows in memory as a table of their own, whose rows keep the names that they have in the whole."""
    import pyarrow as pa

    if key is None:
        cells = cells.append_column(_NUMBER, pa.array(rows.tolist(), pa.int64()))
    held = MemoryTable(table.name, cells, table.identity(), table.notes, table.row_shape)
    found = replace(one_table(held, source.text, None, key or _NUMBER, find_entity=False), origin=origin_of(table))
    if key is not None:
        said = [] if source.key_column else [f"Column '{key}' names the records."]
        return replace(found, notes=(*found.notes, *said))
    aside, notes = passed_over(found.table.drop_columns([_NUMBER]), ())
    return replace(found, table=found.table.drop_columns([_NUMBER]), aside=aside, notes=(*found.notes, *notes))
