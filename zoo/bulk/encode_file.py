"""A whole job: from a file of rows to a file of embeddings."""

from __future__ import annotations

import contextlib
import itertools
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from zoo.bulk.job import Job, Worker, fingerprint, opened_encoder, require_unchanged, scale_of
from zoo.bulk.outputs import require_fitting
from zoo.bulk.parts import Parts
from zoo.bulk.prefetch import prefetch
from zoo.bulk.progress import Progress
from zoo.bulk.rows import choose_columns, remarks
from zoo.bulk.target import Target, target_of
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
        rows_per_file: the most rows of a file of a folder.
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
    rows_per_file: int | None = None


def encode_file(name: str | Path, source: str | Table, output: str | Path, wanted: Wanted, console: Console) -> None:
    """Encodes all rows of a table; the same call goes on where an interrupted one stopped.

    Args:
        name: the encoder, see `zoo.load`.
        source: the rows: a file, a folder, a glob, a URL, a query, or rows in memory.
        output: what to write, a file or, with a slash at its end, a folder, here or at a URL: the columns that are
            carried along and `embedding`, the rows in their order.
        wanted: see there.
        console: says how it goes.

    Raises:
        InputError: files, columns or rows that cannot be used.
        ZooError: no space, or another process writes the same output.
    """
    shown = source if isinstance(source, str) else source.name
    console.print(f"{shown}: to be encoded by {name}", highlight=False, markup=False)
    place = source if not isinstance(source, str) or "://" in source else str(Path(source).expanduser().absolute())
    target = target_of(str(output), wanted.rows_per_file)
    options = _options(wanted)
    table = open_table(place, options, "input")
    target.require(place, overwrite=wanted.overwrite)
    encoder, saved_model = opened_encoder(name, console)
    columns = choose_columns(table, encoder.kind, wanted.columns, wanted.keep)
    kept = require_fitting(target.file, _schema_of(table, columns.kept), asked=wanted.keep is not None)
    if len(kept) < len(columns.kept):
        lost = [each for each in columns.kept if each not in kept]
        console.print(
            f"{target.file.suffix} files cannot hold {', '.join(lost)}: left out", highlight=False, markup=False
        )
    columns = replace(columns, kept=tuple(kept))
    size = wanted.block or rows_of_block(encoder.kind.numbers_in_memory)
    blocks = table.blocks(min(size, wanted.rows_per_file or size))
    for note in [*table.notes, *remarks(table, columns, encoder.kind)]:
        console.print(note, highlight=False, markup=False)
    parts = Parts(target.parts)
    job = Job(encoder.name, saved_model, fingerprint(saved_model), place, options, columns, parts.folder)
    with parts.claimed():
        identity = _identity(job, table, wanted.block) | target.facts
        with _useless_parts_removed(parts, but_finished_blocks=True):
            files = _files_to_write(target, blocks, identity, wanted, console)
        blocks_left = [block for file in files.values() for block in file]
        missing = parts.missing(blocks_left, identity, console)
        encoding, started = sum(block.rows for block in missing), time.perf_counter()
        with _useless_parts_removed(parts), Progress(console, blocks, missing) as progress:
            if wanted.runner is not None and missing:
                wanted.runner(job, missing, progress.done)
                missing = []
            tables = _kept(_tables(Worker(job, encoder), blocks_left, missing), job, table, identity, progress)
            for number, file in files.items():
                rows = sum(block.rows for block in file)
                target.write(number, itertools.islice(tables, len(file)), rows, _metadata(encoder))
                parts.drop(file)
        target.finish()
        parts.remove()
    rate = (
        f"{encoding / (time.perf_counter() - started):,.0f} rows a second" if encoding else "nothing was left to encode"
    )
    console.print(
        f"{_rows(blocks):,} rows encoded by {encoder.name} -> {output} ({rate})", highlight=False, markup=False
    )


def _files_to_write(
    target: Target, blocks: Sequence[Block], identity: Mapping[str, Any], wanted: Wanted, console: Console
) -> dict[int, list[Block]]:
    """The blocks of each file that is not written yet, by its number."""
    done = target.begin(identity, overwrite=wanted.overwrite)
    files = dict(enumerate(target.split(blocks)))
    if done:
        console.print(f"going on: {len(done)} of {len(files)} files are written already", highlight=False)
    return {number: file for number, file in files.items() if number not in done}


def _options(wanted: Wanted) -> Options:
    """How the input is read, with the columns of text that list items."""
    if wanted.options.separator is None:
        return wanted.options
    if not wanted.columns:
        raise InputError("separator parts the items of a column of text: name it with columns=NAME")
    return replace(wanted.options, listed=tuple(wanted.columns))


@contextlib.contextmanager
def _useless_parts_removed(parts: Parts, *, but_finished_blocks: bool = False) -> Iterator[None]:
    """Removes the parts if the input is at fault: once it is repaired they are those of another input.

    Args:
        parts: the parts.
        but_finished_blocks: leaves finished blocks alone; what is refused may be another command than theirs.
    """
    try:
        yield
    except InputError:
        if not (but_finished_blocks and parts.has_any()):
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
    """The tables, the new ones kept as parts; an error in place of the last one if the input is not what it was."""
    parts = Parts(job.parts)
    with contextlib.closing(prefetch(tables)) as made:
        waiting = None  # all is read by the time that the last one comes, and no file may be whole before that
        for block, table, new in made:
            if new:
                parts.write(block, table)
                progress.done(block)
            if waiting is not None:
                yield waiting
            waiting = table
    require_unchanged(source, identity["input"])
    if waiting is not None:
        yield waiting


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
