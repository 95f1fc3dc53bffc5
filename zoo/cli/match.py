"""Finds the rows of two tables that are the same thing.

    python -m zoo.match records_febrl a=a.csv b=b.csv output=pairs.parquet

`zoo.match` is callable, so that `zoo.match("records_febrl", a, b)` does the same from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import ENCODER, truth_of
from zoo.cli.matching_arguments import (
    KEYS,
    asked_for,
    carried_out,
    given_table,
    matching_command,
    one_of_each,
    options_of,
)
from zoo.errors import InputError
from zoo.tables.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_KEYS = {
    "name": f"the encoder; name= may be left out: {ENCODER}",
    "a": "the first table: a Parquet file, folder or glob, .csv, .tsv, .arrow, .jsonl; or a URL",
    "b": "the second table; may be left out where index= is one that was written before",
    "one_to_one": "true for no row in two matches: the surest pairs first, ties by the order of the tables",
    "index": "a folder: with b, keeps b for later; without b, is matched with instead",
    **KEYS,
}
_EXAMPLE = "records_febrl a=a.csv b=b.csv output=pairs.parquet"


def match(
    name: str | Path,
    a: Any,
    b: Any = None,
    output: str | Path | None = None,
    *,
    k: int = 10,
    one_to_one: bool = False,
    threshold: float | None = None,
    fields: Sequence[str] = (),
    id: str | Sequence[str | None] | None = None,  # noqa: A002  the command's key
    rename: Mapping[str, str] | None = None,
    index: str | Path | None = None,
    seed: int = 0,
    scorer: str = "tables",
    overwrite: bool = False,
    quiet: bool = False,
    text: Options | Sequence[Options] = (),
) -> Any:
    """Finds the pairs of rows of two tables that are of one thing; no labels are needed.

    Candidates come from the encoder's codes, and from rare values that two rows share. How well a pair's fields agree
    is weighed by what EM learns from the tables at hand (Fellegi and Sunter), into a probability.

    Args:
        name: the encoder, as `zoo.load` takes it.
        a: a file (Parquet, CSV, TSV, Arrow, JSON lines), a folder or glob of Parquet files, a URL that fsspec knows, or
            a table in memory: a DataFrame, an Arrow table, a mapping of columns.
        b: another; None for that of the index.
        output: a `.parquet` or `.csv` file. Until it is complete, what is finished lies in folders beside it,
            OUTPUT.*.partial, and the same call goes on where an interrupted one stopped. None returns the pairs.
        k: candidates that a row has by its code.
        one_to_one: no row in two matches.
        threshold: probability from which on a pair is a match; None chooses it by the estimated precision.
        fields: columns that are compared; by default the encoder's fields.
        id: the column that names the rows, "none" for their numbers, or one for each table; by default a column
            that is called `id`, `rec_id`, `record_id`, `key` or the like, where there is one.
        rename: what a column is called -> what the encoder calls it; in the table that has such a column.
        index: a folder that keeps `b`, or, without `b`, that was kept.
        seed: of the search among more than 200,000 codes.
        scorer: `tables` weighs fields by what EM learns from these tables, and as in training where they are too small;
            `trained` by what it learnt from the encoder's training rows.
        overwrite: replace an output or index that is there.
        quiet: print nothing.
        text: how files of text are read, a `zoo.tables.options.Options` for both tables or one for each.

    Returns:
        The output; or a `pyarrow.Table` with the columns of one: `id_a`, `id_b`, `cosine`, `probability`,
        `agreement_FIELD` from 0 to 1 (null where a cell is empty), `evidence_FIELD` in nats, and `missing`.

    Raises:
        zoo.errors.InputError: files, columns or rows that cannot be used.
        zoo.errors.ZooError: no space, or another process writes the same output.
    """
    from rich.console import Console

    from zoo.bulk.match_files import match_files

    ids = (id, id) if id is None or isinstance(id, str) else tuple(id)
    options = (text,) if isinstance(text, Options) else tuple(text) or (options_of(None, None),)
    for given, what in ((ids, "id"), (options * (2 if len(options) == 1 else 1), "text")):
        if len(given) != 2:
            raise InputError(f"{what}: give one for both tables, or one for each of the two, not {len(given)}")
    first = given_table(a, "a", options[0], rename or {}, ids[0])
    second = None if b is None else given_table(b, "b", options[-1], rename or {}, ids[1])

    def job(place: Path) -> Path:
        asked = asked_for(
            place,
            k,
            threshold,
            seed,
            one_to_one=one_to_one,
            scorer=scorer,
            fields=fields,
            index=index,
            overwrite=overwrite,
        )
        return match_files(name, first, second, asked, Console(quiet=quiet, soft_wrap=True))

    return carried_out(output, "pairs.parquet", job, overwrite=overwrite)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong input, 130 interrupted, 1 anything else."""

    def needed(given: Mapping[str, str]) -> tuple[str, ...]:
        return ("name", "a", "output", *(() if "index" in given else ("b",)))

    def job(given: Mapping[str, str], alike: Mapping[str, Any]) -> None:
        encodings, delimiters = one_of_each(given, "encoding"), one_of_each(given, "delimiter")
        match(
            given["name"],
            given["a"],
            given.get("b"),
            given["output"],
            one_to_one=truth_of("one_to_one", given.get("one_to_one", "false")),
            id=one_of_each(given, "id"),
            text=[options_of(*each) for each in zip(delimiters, encodings, strict=True)],
            **alike,
        )

    about = "Finds the rows of two tables that are the same thing"
    return matching_command("python -m zoo.match", about, _KEYS, needed, _EXAMPLE, job, arguments)
