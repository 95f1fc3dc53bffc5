"""A whole table with its codes, block by block, in such a way that an interrupted job goes on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bulk.job import Job, Worker, fingerprint
from zoo.bulk.prefetch import prefetch
from zoo.bulk.progress import Progress
from zoo.bulk.rows import choose_columns
from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_list
from zoo.tables.keys import column_keys, first_rows
from zoo.tables.options import Options
from zoo.tables.own_columns import key_names
from zoo.tables.table import require_names, rows_of_block
from zoo.tables.words import count, some

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from zoo.bulk.parts import Parts
    from zoo.encoder import Encoder
    from zoo.tables.table import Block, Table
    from zoo.types import Floats

_FORMAT = 1  # of the parts; another version of the zoo does not go on with them


@dataclass(frozen=True)
class CodedTable:
    """A table's rows as they are matched.

    Attributes:
        name: of the table, for messages.
        ids: [rows] what the rows are called, a `pyarrow.Array`; their numbers where no column says it.
        fields: the columns that are compared, a `pyarrow.Table`.
        codes: [rows, latent_dim].
        identity: what it was made of, JSON-ready.
    """

    name: str
    ids: Any
    fields: Any
    codes: Floats
    identity: dict[str, Any]


@dataclass(frozen=True)
class Read:
    """What of a table is read.

    Attributes:
        table: the table.
        id_column: what names its rows; None takes a column that is called as a key is (`key_names`), such as `rec_id`,
            and where there is none their numbers, as "" does.
        fields: the columns that are compared.
        columns: those that are encoded; empty finds them.
    """

    table: Table
    id_column: str | None
    fields: Sequence[str]
    columns: Sequence[str] = ()

    def __post_init__(self) -> None:
        require_names(self.table)
        names = self.table.schema.names
        nested = [name for name in self.fields if name in names and _is_nested(self.table.schema.field(name).type)]
        if nested:
            kind = self.table.schema.field(nested[0]).type
            raise InputError(
                f"{self.table.name}: column {nested[0]!r} holds several values a cell ({kind}), which cannot be "
                "compared; write them as one text, or leave it out with fields="
            )
        for name in [*self.fields, *([self.id_column] if self.id_column else [])]:
            if name not in names:
                hint = suggestion(name, names, what="columns")
                raise InputError(
                    f"{self.table.name}: there is no column {name!r}; {hint}; if it is called otherwise here, say "
                    f"rename=OTHER:{name}"
                )

    @property
    def named_by(self) -> str | None:
        """The column of ids."""
        if self.id_column is not None:
            return self.id_column or None
        return next((name for name in key_names(self.table.schema.names) if name not in self.fields), None)

    @property
    def names_in_words(self) -> str:
        """What rows go by, and how to change that."""
        if self.named_by is not None:
            return f"{self.table.name}: its rows are named by column '{self.named_by}'; id=none takes their numbers"
        return f"{self.table.name}: its rows go by their numbers (from 0); id=COLUMN names them"

    def kept(self) -> list[str]:
        """All columns that go along with the codes."""
        return [*([self.named_by] if self.named_by else []), *(name for name in self.fields if name != self.named_by)]


def coded_table(read: Read, encoder: Encoder, saved_model: Path, parts: Parts, console: Console) -> CodedTable:
    """Encodes a table, or goes on where it was interrupted.

    Args:
        read: what of which table.
        encoder: gives the codes.
        saved_model: the encoder's folder.
        parts: claimed, for finished blocks.
        console: says how it goes.

    Raises:
        InputError: rows that cannot be read or encoded, ids that are missing or there twice.
    """
    table, kept = read.table, read.kept()
    columns = choose_columns(table, encoder.kind, read.columns, kept or ["none"])
    job = Job(encoder.name, saved_model, fingerprint(saved_model), table, Options(prefix=""), columns, parts.folder)
    identity = {
        "format": _FORMAT,
        "input": table.identity(),
        "encoder": job.fingerprint,
        "columns": columns.features,
        "keep": kept,
    }
    blocks = table.blocks(rows_of_block(encoder.kind.numbers_in_memory))
    for note in (*table.notes, read.names_in_words):
        console.print(note, highlight=False, markup=False)
    missing = parts.missing(blocks, identity, console, f"{table.name}: ")
    console.print(f"{table.name}: encoding", style="dim", highlight=False, markup=False)
    coded = prefetch(Worker(job, encoder).work(missing))
    with Progress(console, blocks, missing) as progress, contextlib.closing(coded):
        for block, part in coded:
            parts.write(block, part)
            progress.done(block)
    if table.identity() != identity["input"]:
        raise InputError(f"{table.name} was changed while it was encoded; start again, and leave it as it is")
    return _read_parts(read, parts, blocks, identity)


def _is_nested(kind: Any) -> bool:
    import pyarrow as pa

    return bool(is_list(kind) or pa.types.is_nested(kind))


def _read_parts(read: Read, parts: Parts, blocks: Sequence[Block], identity: dict[str, Any]) -> CodedTable:
    import pyarrow as pa

    fields, codes = [], []
    for block in blocks:
        part = parts.read(block)
        column = part.column(part.num_columns - 1).combine_chunks()
        codes.append(column.flatten().to_numpy().reshape(part.num_rows, -1).astype(np.float32, copy=False))
        fields.append(part.select(list(range(part.num_columns - 1))))
    table = pa.concat_tables(fields)
    rows = sum(block.rows for block in blocks)
    ids = pa.array(np.arange(rows)) if read.named_by is None else _ids(table.column(read.named_by), read)
    return CodedTable(read.table.name, ids, table.select(list(read.fields)), np.concatenate(codes), identity)


def _ids(column: Any, read: Read) -> Any:
    """Ids [rows], each once.

    Raises:
        InputError: missing or repeated ones.
    """
    name = str(read.named_by)
    keys = column_keys(column, read.table.name, name, 0)
    if "" in keys:
        raise InputError(
            f"{read.table.name}: column '{name}' has no id in row {keys.index(''):,} (from 0): fill it in, or say "
            "id=none, and rows go by their numbers"
        )
    first = first_rows(keys)
    if len(first) < len(keys):
        again = [key for row, key in enumerate(keys) if first[key] != row]
        raise InputError(
            f"{read.table.name}: column '{name}' names rows twice, such as {some(list(dict.fromkeys(again)), 3)} (row "
            f"{first[again[0]]:,} and others, from 0; {count(len(again), 'row')} in all): give each its own, or say "
            "id=none, and rows go by their numbers"
        )
    combined = column.combine_chunks()
    return combined.cast(combined.type.value_type) if str(combined.type).startswith("dictionary") else combined
