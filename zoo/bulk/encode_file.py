"""A whole job: from a file of rows to a file of embeddings."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zoo.bulk.job import Job, Worker, fingerprint, opened_encoder, require_unchanged, scale_of
from zoo.bulk.outputs import remove_abandoned, require_fitting, require_output, write_output
from zoo.bulk.parts import Parts
from zoo.bulk.prefetch import prefetch
from zoo.bulk.progress import Progress
from zoo.bulk.rows import choose_columns, remarks
from zoo.errors import InputError
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.table import rows_of_block

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from rich.console import Console

    from zoo.encoder import Encoder
    from zoo.tables.table import Block, Table

_FORMAT = 1  # of the parts; another version of the zoo does not go on with them


class Runner(Protocol):
    """Encodes a job's blocks somewhere."""

    def __call__(self, job: Job, blocks: Sequence[Block], done: Callable[[Block], None]) -> None:
        """Keeps every block as a part, and calls `done` for each."""


@dataclass(frozen=True)
class Wanted:
    """What the user asks for beside the files.

    Attributes:
        columns: that hold the rows to encode; empty finds them.
        keep: columns to carry along; None carries all others.
        overwrite: whether the output may exist.
        block: rows at a time; None goes by the width of a row.
        runner: encodes the blocks; None does it in this process.
        options: how a file of text is read.
    """

    columns: Sequence[str] = ()
    keep: Sequence[str] | None = None
    overwrite: bool = False
    block: int | None = None
    runner: Runner | None = None
    options: Options = field(default_factory=lambda: Options(prefix=""))


def encode_file(name: str | Path, source: str | Table, output: Path, wanted: Wanted, console: Console) -> Path:
    """Encodes all rows of a file; the same call goes on where an interrupted one stopped.

    Args:
        name: the encoder, see `zoo.load`.
        source: the rows: a file, a folder, a glob, a URL, a query, or rows in memory.
        output: the file to write: the columns that are carried along and `embedding`, the rows in their order.
        wanted: see there.
        console: says how it goes.

    Returns:
        The output.

    Raises:
        InputError: files, columns or rows that cannot be used.
        ZooError: no space, or another process writes the same output.
    """
    shown = source if isinstance(source, str) else source.name
    console.print(f"{shown}: to be encoded by {name}", highlight=False, markup=False)
    place = source if not isinstance(source, str) or "://" in source else str(Path(source).expanduser().absolute())
    output = output.expanduser()
    options = _options(wanted)
    table = open_table(place, options, "input")
    require_output(output, place, overwrite=wanted.overwrite)
    encoder, saved_model = opened_encoder(name, console)
    columns = choose_columns(table, encoder.kind, wanted.columns, wanted.keep)
    kept = require_fitting(output, _schema_of(table, columns.kept), asked=wanted.keep is not None)
    if len(kept) < len(columns.kept):
        lost = [each for each in columns.kept if each not in kept]
        console.print(f"{output.suffix} files cannot hold {', '.join(lost)}: left out", highlight=False, markup=False)
    columns = replace(columns, kept=tuple(kept))
    blocks = table.blocks(wanted.block or rows_of_block(encoder.kind.numbers_in_memory))
    for note in [*table.notes, *remarks(table, columns, encoder.kind)]:
        console.print(note, highlight=False, markup=False)
    parts = Parts(output.with_name(f"{output.name}.partial").absolute())
    job = Job(encoder.name, saved_model, fingerprint(saved_model), place, options, columns, parts.folder)
    with parts.claimed(), _useless_parts_removed(parts):
        remove_abandoned(output)
        identity = _identity(job, table, wanted.block)
        missing = parts.missing(blocks, identity, console)
        encoding, started = sum(block.rows for block in missing), time.perf_counter()
        with Progress(console, blocks, missing) as progress:
            if wanted.runner is not None and missing:
                wanted.runner(job, missing, progress.done)
                missing = []
            tables = _tables(Worker(job, encoder), blocks, missing)
            write_output(output, _kept(tables, job, table, identity, progress), _rows(blocks), _metadata(encoder))
        parts.remove()
    rate = (
        f"{encoding / (time.perf_counter() - started):,.0f} rows a second" if encoding else "nothing was left to encode"
    )
    console.print(
        f"{_rows(blocks):,} rows encoded by {encoder.name} -> {output} ({rate})", highlight=False, markup=False
    )
    return output


def _options(wanted: Wanted) -> Options:
    """How the input is read, with the columns of text that list items."""
    if wanted.options.separator is None:
        return wanted.options
    if not wanted.columns:
        raise InputError("separator parts the items of a column of text: name it with columns=NAME")
    return replace(wanted.options, listed=tuple(wanted.columns))


@contextlib.contextmanager
def _useless_parts_removed(parts: Parts) -> Iterator[None]:
    """Removes the parts if the input is at fault: once it is repaired they are those of another input."""
    try:
        yield
    except InputError:
        parts.remove()
        raise


def _tables(worker: Worker, blocks: Sequence[Block], missing: Sequence[Block]) -> Generator[tuple[Block, Any, bool]]:
    """All blocks in their order, each with its part's table, and whether it was encoded just now."""
    wanted = {block.number for block in missing}
    with contextlib.closing(worker.work(missing)) as encoded:
        for block in blocks:
            if block.number in wanted:
                yield *next(encoded), True
            else:
                yield block, worker.parts.read(block), False


def _kept(
    tables: Generator[tuple[Block, Any, bool]], job: Job, source: Table, identity: Mapping[str, Any], progress: Progress
) -> Generator[Any]:
    """The tables, the new ones kept as parts; an error at their end if the input is not what it was."""
    parts = Parts(job.parts)
    with contextlib.closing(prefetch(tables)) as made:
        for block, table, new in made:
            if new:
                parts.write(block, table)
                progress.done(block)
            yield table
    require_unchanged(source, identity["input"])


def _rows(blocks: Sequence[Block]) -> int:
    return blocks[-1].first + blocks[-1].rows


def _metadata(encoder: Encoder) -> dict[str, str]:
    scale = scale_of(encoder)
    return {"encoder": encoder.name} | ({} if scale is None else {"code_scale": repr(scale)})


def _identity(job: Job, table: Table, block: int | None) -> dict[str, Any]:
    """What makes finished blocks of an earlier call usable."""
    return {
        "format": _FORMAT,
        "input": table.identity(),
        "options": dict(job.options.given()),
        "encoder": job.fingerprint,
        "columns": job.columns.features,
        "keep": job.columns.kept,
        "block": block,
    }


def _schema_of(table: Table, names: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.schema([table.schema.field(name) for name in names])
