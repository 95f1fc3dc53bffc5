"""Finds which rows of a table are the same thing.

    python -m zoo.deduplicate records_febrl input=a.csv output=entities.parquet

`zoo.deduplicate` is callable, so that `zoo.deduplicate("records_febrl", table)` does the same from Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import ENCODER
from zoo.cli.matching_arguments import KEYS, asked_for, carried_out, given_table, matching_command, options_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from zoo.tables.options import Options

_KEYS = {
    "name": f"the encoder; name= may be left out: {ENCODER}",
    "input": "the table: a Parquet file, folder or glob, .csv, .tsv, .arrow, .jsonl; or a URL",
    "index": "a folder that keeps the table and its entities: zoo.match finds the entities of new rows with it",
    **{key: about.replace(" Two: of a,of b", "").strip() for key, about in KEYS.items()},
}
_NEEDED = ("name", "input", "output")
_EXAMPLE = "records_febrl input=a.csv output=entities.parquet"


def deduplicate(
    name: str | Path,
    rows: Any,
    output: str | Path | None = None,
    *,
    k: int = 10,
    threshold: float | None = None,
    fields: Sequence[str] = (),
    id: str | None = None,  # noqa: A002  the command's key
    rename: Mapping[str, str] | None = None,
    index: str | Path | None = None,
    seed: int = 0,
    scorer: str = "tables",
    overwrite: bool = False,
    quiet: bool = False,
    text: Options | None = None,
) -> Any:
    """Finds the entity of each row of a table; no labels are needed.

    Pairs are found and weighed as by `zoo.match`. Groups then grow by the surest pairs first, and two become one only
    if the pairs between them match on average, so that a single link does not join strangers. An entity is called by
    the id of its first row: rows that are added at the table's end change no names, but where they join entities.

    Args:
        name: the encoder, as `zoo.load` takes it.
        rows: a file (Parquet, CSV, TSV, Arrow, JSON lines), a folder or glob of Parquet files, a URL that fsspec knows,
            or a table in memory: a DataFrame, an Arrow table, a mapping of columns.
        output: a `.parquet` or `.csv` file. Until it is complete, what is finished lies in folders beside it,
            OUTPUT.*.partial, and the same call goes on where an interrupted one stopped. None returns the entities.
        k: candidates that a row has by its code.
        threshold: probability from which on a pair is a match; None chooses it by the estimated precision.
        fields: columns that are compared; by default the encoder's fields.
        id: the column that names the rows, or "none" for their numbers; by default a column that is called `id`,
            `rec_id`, `record_id`, `key` or the like, where there is one.
        rename: what a column is called -> what the encoder calls it.
        index: a folder that keeps the table and its entities.
        seed: of the search among more than 200,000 codes.
        scorer: see `zoo.match`.
        overwrite: replace an output or index that is there.
        quiet: print nothing.
        text: how a file of text is read.

    Returns:
        The output; or a `pyarrow.Table` with the columns of one: `id`; `entity`, the id of its first row; `size`;
        `match`, the row of the same entity that fits best, and the `probability` of that, null for a row alone.

    Raises:
        zoo.errors.InputError: files, columns or rows that cannot be used.
        zoo.errors.ZooError: no space, or another process writes the same output.
    """
    from rich.console import Console

    from zoo.bulk.match_files import deduplicate_file

    given = given_table(rows, "rows", text or options_of(None, None), rename or {}, id)

    def job(place: Path) -> Path:
        asked = asked_for(
            place,
            k,
            threshold,
            seed,
            one_to_one=False,
            scorer=scorer,
            fields=fields,
            index=index,
            overwrite=overwrite,
        )
        return deduplicate_file(name, given, asked, Console(quiet=quiet, soft_wrap=True))

    return carried_out(output, "entities.parquet", job, overwrite=overwrite)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong input, 130 interrupted, 1 anything else."""

    def job(given: Mapping[str, str], alike: Mapping[str, Any]) -> None:
        text = options_of(given.get("delimiter"), given.get("encoding"))
        deduplicate(given["name"], given["input"], given["output"], id=given.get("id"), text=text, **alike)

    about = "Finds which rows of a table are the same thing"
    return matching_command("python -m zoo.deduplicate", about, _KEYS, lambda _: _NEEDED, _EXAMPLE, job, arguments)
