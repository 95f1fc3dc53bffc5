"""A whole table with its codes, block by block, in such a way that an interrupted job goes on."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bulk.job import Job, Worker, fingerprint, require_unchanged
from zoo.bulk.prefetch import prefetch
from zoo.bulk.progress import Progress
from zoo.bulk.rows import choose_columns
from zoo.errors import InputError, suggestion
from zoo.tables.arrow_types import is_list
from zoo.tables.cells import whole
from zoo.tables.keys import column_keys, first_rows
from zoo.tables.options import Options
from zoo.tables.own_columns import is_surely_key, key_names
from zoo.tables.table import read_whole, require_names, rows_of_block
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
            if it is filled in and different in every row, and where there is none their numbers, as "" does.
        fields: the columns that are compared.
        options: how its text is read, which finished blocks depend on.
    """

    table: Table
    id_column: str | None
    fields: Sequence[str]
    options: Options = field(default_factory=lambda: Options(prefix=""))

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

    @cached_property
    def named_by(self) -> str | None:
        """The column of ids.

        Raises:
            InputError: a column that the user named, or that is called `id` or the like, lacks ids, or has one twice.
        """
        if self.id_column:
            self._require(self.id_column, _fault(self.table, self.id_column))
            return self.id_column
        return next((name for name, fault in self._likely.items() if not fault), None)

    @property
    def names_in_words(self) -> str:
        """What rows go by, and how to change that."""
        if self.named_by is not None:
            return f"{self.table.name}: its rows are named by column '{self.named_by}'; id=none takes their numbers"
        passed = "".join(f", since column '{name}' {fault}" for name, fault in [*self._likely.items()][:1])
        return f"{self.table.name}: its rows go by their numbers (from 0){passed}; id=COLUMN names them"

    @cached_property
    def _likely(self) -> dict[str, str]:
        """Columns that are called as keys are -> why they cannot name rows; up to the first that can.

        None where the user named one, or asked for numbers; those that are compared name nothing. One that is called
        `id` or the like has to; `index` and others are passed over.
        """
        found: dict[str, str] = {}
        for name in [] if self.id_column is not None else key_names(self.table.schema.names):
            if name not in self.fields and "" not in found.values():
                found[name] = _fault(self.table, name)
                if is_surely_key(name):
                    self._require(name, found[name])
        return found

    def _require(self, name: str, fault: str) -> None:
        """Raises InputError if a column that is meant to name the rows does not."""
        if fault:
            raise InputError(
                f"{self.table.name}: column '{name}' {fault}: give each its own, or say id=none, and rows go by their "
                "numbers"
            )

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
    columns = choose_columns(table, encoder.kind, (), kept)
    job = Job(encoder.name, saved_model, fingerprint(saved_model), table, Options(prefix=""), columns, parts.folder)
    identity: dict[str, Any] = {
        "format": _FORMAT,
        "input": table.identity(),
        "options": dict(read.options.given()),
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
    require_unchanged(table, identity["input"])
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
    ids = pa.array(np.arange(rows)) if read.named_by is None else whole(table.column(read.named_by))
    return CodedTable(read.table.name, ids, table.select(list(read.fields)), np.concatenate(codes), identity)


def _fault(table: Table, name: str) -> str:
    """Why a column cannot name rows, to be put behind its name; "" if it can."""
    try:
        keys = column_keys(read_whole(table, [name]).column(name), table.name, name, 0)
    except InputError as error:
        return f"cannot name rows ({error})"
    if "" in keys:
        return f"has no id in row {keys.index(''):,} (from 0)"
    first = first_rows(keys)
    if len(first) == len(keys):
        return ""
    again = [key for row, key in enumerate(keys) if first[key] != row]
    return (
        f"names rows twice, such as {some(list(dict.fromkeys(again)), 3)} (row {first[again[0]]:,} and others, from 0; "
        f"{count(len(again), 'row')} in all)"
    )
