"""A job: which rows of which file are encoded by what, and block by block."""

from __future__ import annotations

import contextlib
import hashlib
import sys
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bulk.outputs import EMBEDDING
from zoo.bulk.parts import Parts
from zoo.bulk.prefetch import prefetch
from zoo.encoder import Encoder
from zoo.errors import InputError, ZooError, one_line
from zoo.loading import find, not_blessed
from zoo.tables.open_table import open_table

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from rich.console import Console

    from zoo.bulk.rows import Columns
    from zoo.tables.options import Options
    from zoo.tables.table import Block, Table

_READ = 2**22


def opened_encoder(name: str | Path, console: Console) -> tuple[Encoder, Path]:
    """The encoder of a job, see `zoo.load`, and its folder; says what takes its time."""
    console.print("looking the encoder up ...", style="dim", highlight=False)
    saved_model, called = find(name)
    if "tensorflow" not in sys.modules:
        console.print("starting TensorFlow ...", style="dim", highlight=False)
    if doubt := not_blessed(saved_model):
        console.print(f"note: {called} {doubt}", style="yellow", highlight=False, markup=False)
    return Encoder.from_saved_model(saved_model, called), saved_model.absolute()


def require_unchanged(table: Table, before: Mapping[str, Any]) -> None:
    """Raises InputError if a table is not what it was when it was opened, or is gone; a query may give its rows anew.

    Args:
        table: the table.
        before: its identity then.
    """
    try:
        same = table.identity() == before or "order" in before
    except OSError:
        same = False
    if not same:
        raise InputError(f"{table.name} was changed while it was encoded; start again, and leave it as it is")


@dataclass(frozen=True)
class Job:
    """What a process must know to encode blocks; small, so that it can be sent to others.

    Attributes:
        name: of the encoder.
        saved_model: the encoder's folder.
        fingerprint: of the encoder's files.
        source: the input: a path or URL, or an open table, such as a query.
        options: how its text is read.
        columns: of the input, by their use.
        parts: folder of the finished blocks.
    """

    name: str
    saved_model: Path
    fingerprint: str
    source: str | Table
    options: Options
    columns: Columns
    parts: Path


class Worker:
    """Encodes blocks of a job.

    Args:
        job: the job.
        encoder: the job's encoder; None loads it when it is first needed.

    Attributes:
        job: as above.
        parts: the finished blocks.
    """

    def __init__(self, job: Job, encoder: Encoder | None = None) -> None:
        self.job, self.parts = job, Parts(job.parts)
        self._given = encoder

    def work(self, blocks: Sequence[Block]) -> Generator[tuple[Block, Any]]:
        """Encodes blocks; yields each with its part's table, which the caller keeps.

        Raises:
            InputError: rows that cannot be encoded, by their numbers.
            ZooError: another encoder than the job's.
        """
        tables = self._table.read(blocks, self.job.columns.read, self.job.columns.numbers)
        with contextlib.closing(prefetch(tables)) as read:
            for block, table in zip(blocks, read, strict=True):
                yield block, self._encoded(block, table)

    def _encoded(self, block: Block, table: Any) -> Any:
        """The carried columns and the embedding, a `pyarrow.Table`."""
        features = table.select(list(self.job.columns.features))
        try:
            arrays = self._encoder.kind.arrays_of_block(features, block.first, self._table.name)
            codes = self._encoder.call("encode", arrays)
        except ValueError as error:
            last = block.first + block.rows - 1
            raise InputError(
                f"{self._table.name}: rows {block.first:,} to {last:,} (from 0): {one_line(error)}"
            ) from error
        return with_embedding(table.select(list(self.job.columns.kept)), codes, scale_of(self._encoder))

    @cached_property
    def _table(self) -> Table:
        return open_table(self.job.source, self.job.options, "input")

    @cached_property
    def _encoder(self) -> Encoder:
        if self._given is not None:
            return self._given
        if fingerprint(self.job.saved_model) != self.job.fingerprint:
            raise ZooError(f"{self.job.saved_model} is another encoder than the job was started with; start it again")
        return Encoder.from_saved_model(self.job.saved_model, self.job.name)


def scale_of(encoder: Encoder) -> float | None:
    """What a step of the encoder's int8 embedding stands for; None if it is float32."""
    scale: float | None = getattr(encoder, "code_scale", None)
    return scale


def with_embedding(table: Any, codes: Any, scale: float | None) -> Any:
    """A table with a last column of codes [rows, latent_dim], as integers if they have a scale, or are bytes."""
    import pyarrow as pa

    kind = pa.from_numpy_dtype(codes.dtype) if scale is None else pa.int8()
    numbers = codes if scale is None else np.rint(codes / np.float32(scale)).astype(np.int8)
    listed = pa.list_(kind, codes.shape[1])
    field = pa.field(EMBEDDING, listed)
    column = pa.FixedSizeListArray.from_arrays(pa.array(np.ascontiguousarray(numbers).reshape(-1)), type=listed)
    if not table.num_columns:
        return pa.table([column], schema=pa.schema([field]))
    return table.append_column(field, column)


def fingerprint(saved_model: Path) -> str:
    """Tells encoders apart by the content of their graph and weights.

    Raises:
        ZooError: the files cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    files = [saved_model / "saved_model.pb", *sorted((saved_model / "variables").glob("*"))]
    try:
        for path in files:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode())
            with path.open("rb") as file:
                while data := file.read(_READ):
                    digest.update(data)
    except OSError as error:
        raise ZooError(f"{saved_model} cannot be read: {one_line(error)}") from error
    return digest.hexdigest()
