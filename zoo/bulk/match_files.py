"""Whole jobs: two tables to the pairs that match, and one table to its entities."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.bulk.coded_table import CodedTable, Read, coded_table
from zoo.bulk.job import fingerprint, opened_encoder
from zoo.bulk.match_index import MatchIndex
from zoo.bulk.outputs import PLAIN_ENDINGS, remove_abandoned, require_output, write_plain
from zoo.bulk.parts import Parts
from zoo.bulk.progress import Progress
from zoo.errors import InputError, suggestion
from zoo.matching.linking import Links, Sides, Wanted, field_values, link, require_trained
from zoo.matching.nearest_codes import NearestCodes
from zoo.matching.outcome import entity_summary, entity_table, match_summary, pair_tables
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.renamed_table import RenamedTable
from zoo.tables.table import numbered_blocks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rich.console import Console

    from zoo.encoder import Encoder
    from zoo.matching.arrays import Ints
    from zoo.matching.scorer import Scorer
    from zoo.tables.table import Table

_QUERIES = 1 << 15  # rows whose candidates are kept at a time


@dataclass(frozen=True)
class Given:
    """A table as the user names it.

    Attributes:
        place: a path or URL, or an open table.
        options: how its text is read.
        rename: what a column is called in it -> what it is called for the encoder; columns that it lacks do not count.
        id_column: see `Read`.
    """

    place: str | Table
    options: Options = field(default_factory=lambda: Options(prefix=""))
    rename: Mapping[str, str] = field(default_factory=dict)
    id_column: str | None = None

    def opened(self, option: str) -> Table:
        """The table."""
        place = self.place
        if isinstance(place, str) and "://" not in place:
            place = str(Path(place).expanduser().absolute())
        table = open_table(place, self.options, option)
        names = {old: new for old, new in self.rename.items() if old in table.schema.names}
        return RenamedTable(table, names) if names else table


@dataclass(frozen=True)
class Asked:
    """What the user asks for beside the tables.

    Attributes:
        output: the file to write, `.parquet` or `.csv`.
        wanted: how matching goes.
        fields: columns that are compared; empty takes the encoder's.
        index: folder of an index to write, or to read where no second table is given.
        overwrite: whether output and index may exist.
    """

    output: Path
    wanted: Wanted = field(default_factory=Wanted)
    fields: Sequence[str] = ()
    index: Path | None = None
    overwrite: bool = False


def match_files(name: str | Path, a: Given, b: Given | None, asked: Asked, console: Console) -> Path:
    """Writes the pairs of rows of two tables that match; the same call goes on where an interrupted one stopped.

    Args:
        name: the encoder, see `zoo.load`.
        a: the first table.
        b: the second; None takes that of the index.
        asked: see there.
        console: says how it goes.

    Returns:
        The output.

    Raises:
        InputError: files, columns or rows that cannot be used.
        ZooError: no space, or another process writes the same output.
    """
    started = time.perf_counter()
    index = None
    if b is None:
        if asked.index is None:
            raise InputError("say b=, the second table, or index=, a folder that an earlier match has written")
        index = MatchIndex.read(asked.index)
    tables = [a.opened("a")] + ([] if b is None else [b.opened("b")])
    _require_renamed(a.rename, tables)
    _require(asked, tables, writes_index=b is not None)
    encoder, saved_model = _opened(name, asked, console)
    if index is not None:
        index.require_same(fingerprint(saved_model))
        index.require_fields(asked.fields)
    fields = index.names if index is not None else _fields(encoder, asked.fields)
    reads = [
        Read(table, each.id_column, fields, each.options) for table, each in zip(tables, (a, b), strict=False) if each
    ]
    with _parts(asked.output, ("a", "pairs") if b is None else ("a", "b", "pairs")) as parts:
        coded = [
            coded_table(read, encoder, saved_model, part, console) for read, part in zip(reads, parts, strict=False)
        ]
        if index is not None:
            coded.append(index.table)
        scorer = None if index is None else index.scorer
        links = _linked(coded, parts[-1], asked.wanted, console, scorer, encoder)
        more = None if index is None else index.entities
        _write(asked.output, pair_tables(links, coded[0].ids, coded[1].ids, more), encoder)
        if asked.index is not None and b is not None:
            MatchIndex(coded[1], links.scorer).write(asked.index)
            console.print(f"index of {coded[1].name} -> {asked.index}", highlight=False, markup=False)
    _say(match_summary(links), asked.output, started, console)
    return asked.output


def deduplicate_file(name: str | Path, given: Given, asked: Asked, console: Console) -> Path:
    """Writes which entity each row of a table is; the same call goes on where an interrupted one stopped.

    Args:
        name: the encoder, see `zoo.load`.
        given: the table.
        asked: see there; the index that is written lets `match_files` find the entity of new rows.
        console: says how it goes.

    Raises:
        InputError: files, columns or rows that cannot be used.
        ZooError: no space, or another process writes the same output.
    """
    started = time.perf_counter()
    table = given.opened("input")
    _require_renamed(given.rename, [table])
    _require(asked, [table], writes_index=True)
    encoder, saved_model = _opened(name, asked, console)
    read = Read(table, given.id_column, _fields(encoder, asked.fields), given.options)
    with _parts(asked.output, ("a", "pairs")) as parts:
        coded = coded_table(read, encoder, saved_model, parts[0], console)
        links = _linked([coded], parts[-1], asked.wanted, console, None, encoder)
        entities = links.entities()
        found = entity_table(links, entities, coded.ids)
        _write(asked.output, [found], encoder)
        if asked.index is not None:
            MatchIndex(coded, links.scorer, found.column("entity").combine_chunks()).write(asked.index)
            console.print(f"index of {coded.name} -> {asked.index}", highlight=False, markup=False)
    _say(entity_summary(links, entities), asked.output, started, console)
    return asked.output


def _opened(name: str | Path, asked: Asked, console: Console) -> tuple[Encoder, Path]:
    """The encoder and its folder; with a scorer, if that is asked for."""
    encoder, saved_model = opened_encoder(name, console)
    if asked.wanted.scorer == "trained":
        require_trained(encoder.pair_scorer, asked.fields)
    return encoder, saved_model


def _linked(
    coded: Sequence[CodedTable],
    parts: Parts,
    wanted: Wanted,
    console: Console,
    scorer: Scorer | None,
    encoder: Encoder,
) -> Links:
    right = coded[1] if len(coded) > 1 else None
    where = coded[0].name, coded[-1].name
    one, other = coded[0].fields, None if right is None else right.fields
    values, notes = field_values(one, other, one.column_names, {}, where, encoder.reading)
    kinds = ", ".join(f"{each.name} ({each.kind})" for each in values)
    console.print(f"compared: {kinds or 'codes alone'}", highlight=False, markup=False)
    for note in notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    sides = Sides(values, coded[0].codes, None if right is None else right.codes)
    identity = {"tables": [each.identity for each in coded], "k": wanted.k, "seed": wanted.seed}
    near = _nearest(sides, parts, identity, wanted, console)
    if scorer is not None and not scorer.serves_others:
        scorer = None
    return link(sides, near, wanted, scorer, lambda: encoder.pair_scorer)


def _nearest(
    sides: Sides, parts: Parts, identity: Mapping[str, Any], wanted: Wanted, console: Console
) -> Iterator[Ints]:
    """For each block of rows of the first table, the rows with the nearest codes; those found before are kept."""
    import pyarrow as pa

    parts.prepare(identity)
    k = wanted.k + sides.single
    blocks = numbered_blocks(len(sides.left), _QUERIES)
    missing = [block for block in blocks if not parts.has(block)]
    left, right = sides.unit
    console.print("looking for candidates", style="dim", highlight=False)
    search = NearestCodes(right, wanted.seed) if missing else None
    if search is not None and not search.exact:
        console.print(
            f"{len(right):,} rows: their codes are searched by lists (IVF), which may miss a few", highlight=False
        )
    with Progress(console, blocks, missing) as progress:
        for block in missing if search is not None else []:
            pieces = search.search(left[block.first : block.first + block.rows], k)  # type: ignore[union-attr]
            rows = np.concatenate([found for found, _ in pieces])
            column = pa.FixedSizeListArray.from_arrays(pa.array(rows.ravel()), k)
            parts.write(block, pa.table({"rows": column}))
            progress.done(block)
    console.print("comparing candidates", style="dim", highlight=False)
    for block in blocks:
        column = parts.read(block).column("rows").combine_chunks()
        yield column.flatten().to_numpy().reshape(block.rows, k)


def _require(asked: Asked, tables: Sequence[Table], *, writes_index: bool) -> None:
    for table in tables:
        require_output(asked.output, _place(table), overwrite=asked.overwrite, endings=PLAIN_ENDINGS)
    if asked.index is not None and writes_index:
        MatchIndex.require_free(asked.index, overwrite=asked.overwrite)


def _require_renamed(rename: Mapping[str, str], tables: Sequence[Table]) -> None:
    """Raises InputError for a column that is to be called otherwise and is in none of the tables."""
    there = {
        name
        for table in tables
        for name in (table.own_names if isinstance(table, RenamedTable) else table.schema.names)
    }
    for old, new in rename.items():
        if old not in there:
            hint = suggestion(old, sorted(there), what="columns")
            raise InputError(f"rename={old}:{new}: {tables[0].name} has no column {old!r}; {hint}")


def _place(table: Table) -> str | Table:
    return str(table.identity().get("path", table.name))


def _fields(encoder: Encoder, asked: Sequence[str]) -> list[str]:
    """The columns that are compared: those that are asked for, or the encoder's fields."""
    fields = [name for name, kind in encoder.kind.table_schema() if kind == "text"]
    return list(asked) or fields


@contextlib.contextmanager
def _parts(output: Path, names: Sequence[str]) -> Iterator[list[Parts]]:
    """Folders for finished blocks, locked; removed at the end, and if the input is at fault."""
    made = [Parts(output.with_name(f"{output.name}.{name}.partial").absolute()) for name in names]
    with contextlib.ExitStack() as held:
        for each in made:
            held.enter_context(each.claimed())
        remove_abandoned(output)
        try:
            yield made
        except InputError:
            for each in made:
                each.remove()
            raise
        for each in made:
            each.remove()


def _write(output: Path, tables: Iterable[Any], encoder: Encoder) -> None:
    write_plain(output, tables, {"encoder": encoder.name})


def _say(lines: Iterable[str], output: Path, started: float, console: Console) -> None:
    for line in lines:
        console.print(line, highlight=False, markup=False)
    console.print(f"-> {output} ({time.perf_counter() - started:,.0f} seconds)", highlight=False, markup=False)
