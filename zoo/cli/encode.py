"""Encodes a file of rows of any size with a registered or exported encoder.

    python -m zoo.encode vae_word2vec input=rows.parquet output=embeddings.parquet

`zoo.encode` is callable, so that `zoo.encode("vae_word2vec", "rows.parquet", "embeddings.parquet")` does the same from
Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import ENCODER, command, names_in, truth_of
from zoo.errors import InputError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    from zoo.tables.long_form import LongForm
    from zoo.tables.options import Options
    from zoo.tables.query import Query
    from zoo.tables.table import Table

_KEYS = {
    "name": f"the encoder; name= may be left out: {ENCODER}",
    "input": "the rows: a Parquet file, folder or glob, .csv, .tsv, .arrow, .jsonl, .npy, .npz, word vectors; or a URL",
    "sql": "for an input that is a database's URL, such as sqlite:///rows.db: the query",
    "output": "what to write: .parquet, .csv or .npy; the column is `embedding`, in .csv embedding_0, ..; FOLDER/ for "
    "several Parquet files; also at a URL",
    "columns": "columns of the rows, such as vector or x_* or a,b,c; default: found by their types, or fields' names",
    "delimiter": "between the cells of a text file: comma, semicolon, tab, or the character; default: by its ending",
    "decimal": "before a number's fraction: point or comma; default: point",
    "encoding": "of a text file, such as latin-1; default: utf-8, or as its byte order mark says",
    "header": "true or false: whether a text file's first row names the columns; default: seen by the names",
    "token_spaces": "true for word vectors as text whose keys hold spaces",
    "lines": "true for a text file of which each line is a basket",
    "separator": "between the items of a column of text that columns= names: comma, semicolon, .., or the character",
    "basket_column": "of a table in long form, a row for each item: what says to which basket (sorted by it)",
    "item_column": "of a table in long form: the items",
    "quantity_column": "of a table in long form: how often; default: each row counts once",
    "keep": "columns to carry along, such as id,title; `none` for none; default: all others",
    "overwrite": "true replaces an output that is there",
    "block": "rows at a time; default: by the width of a row, at most 32768",
    "rows_per_file": "the most rows of a file in a folder; default: a million",
    "runner": "one of Apache Beam's, such as DirectRunner or FlinkRunner; default: this process",
    "options": "Beam's own, such as '--direct_running_mode=multi_processing --direct_num_workers=2'",
}
_NEEDED = ("name", "input", "output")


def encode(
    name: str | Path,
    rows: Any,
    output: str | Path,
    *,
    columns: Sequence[str] = (),
    keep: Sequence[str] | None = None,
    overwrite: bool = False,
    block: int | None = None,
    runner: str | None = None,
    options: str = "",
    quiet: bool = False,
    text: Options | None = None,
    rows_per_file: int | None = None,
) -> Path | str:
    """Encodes all rows of a file, in bounded memory; the same call goes on where an interrupted one stopped.

    Args:
        name: the encoder, as `zoo.load` takes it.
        rows: a file (Parquet, CSV, TSV, Arrow, JSON lines, npy, npz, word vectors), a folder or glob of Parquet files,
            a URL that fsspec knows, or a query; or rows in memory: a DataFrame, an Arrow table, an array, a SciPy
            sparse array, a list of mappings or of baskets.
        output: a `.parquet`, `.csv` or `.npy` file: the columns that are carried along and `embedding`, with the rows
            in their order. Until it is complete, finished blocks lie in a folder beside it, OUTPUT.partial. `FOLDER/`,
            with a slash at its end, is a folder of Parquet files, and `_SUCCESS` once all are there. Both may be at a
            URL that fsspec knows; finished blocks then lie in the working directory.
        columns: of the rows; by default found by their types, or by the names of the encoder's fields.
        keep: columns to carry along; None carries all others, an empty list none.
        overwrite: replace an output that is there.
        block: rows at a time; None goes by the width of a row.
        runner: one of Apache Beam's runners; None encodes in this process.
        options: Beam's pipeline options, as on a command line.
        quiet: print nothing.
        text: how a file of text is read, such as `zoo.tables.Options(delimiter=";", prefix="")`, and what baskets are
            made of: `separator` between the items of a column of text that `columns` names, or `form`, a
            `zoo.tables.LongForm` of the columns of a table with a row for each item, sorted by basket.
        rows_per_file: the most rows of a file in a folder; None takes a million.

    Returns:
        The output.

    Raises:
        zoo.errors.InputError: files, columns or rows that cannot be used.
        zoo.errors.ZooError: no space, another process writes the same output, or the runner failed.
    """
    if block is not None and block < 1:
        raise InputError(f"block={block}: at least 1 row")
    if options and runner is None:
        raise InputError("options are those of a Beam runner: say which with runner=")
    from zoo.bulk.encode_file import Wanted, encode_file

    chosen = None
    if runner is not None:
        from zoo.bulk.beam import BeamRunner

        chosen = BeamRunner(runner, options)
    if rows_per_file is not None and rows_per_file < 1:
        raise InputError(f"rows_per_file={rows_per_file}: at least 1 row")
    how = {} if text is None else {"options": text}
    wanted = Wanted(columns, keep, overwrite, block, chosen, rows_per_file=rows_per_file, **how)
    encode_file(name, _source(rows, runner), output, wanted, _console(quiet=quiet))
    return output if "://" in str(output) else Path(output).expanduser()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong input, 130 interrupted, 1 anything else."""

    def act(given: dict[str, str]) -> None:
        missing = [key for key in _NEEDED if key not in given]
        if missing:
            example = "vae_word2vec input=rows.parquet output=embeddings.parquet"
            raise InputError(f"say {' and '.join(f'{key}=' for key in missing)}, as in {example}")
        try:
            encode(
                given["name"],
                _input(given["input"], given.get("sql")),
                given["output"],
                columns=names_in(given.get("columns", "")),
                keep=names_in(given["keep"]) if "keep" in given else None,
                overwrite=truth_of("overwrite", given.get("overwrite", "false")),
                block=_count("block", given["block"]) if "block" in given else None,
                runner=given.get("runner"),
                options=given.get("options", ""),
                text=_text(given),
                rows_per_file=_count("rows_per_file", given["rows_per_file"]) if "rows_per_file" in given else None,
            )
        except KeyboardInterrupt:
            raise StoppedError("interrupted; the same command goes on where it stopped") from None

    about = "Encodes a Parquet, CSV or npy file of any size; after an interruption the same command goes on."
    return command("python -m zoo.encode", about, _KEYS, act, arguments, bare="name")


def _source(rows: Any, runner: str | None) -> str | Table:
    """A place, or an open table."""
    from zoo.tables.query import Query

    if isinstance(rows, str | Path):
        return str(rows)
    if isinstance(rows, Query):
        return rows
    if runner is not None:
        raise InputError("runner: rows in memory are encoded in this process; write them to a file for a runner")
    from zoo.tables.held_table import held_table

    return held_table(rows, "rows")


def _input(place: str, sql: str | None) -> str | Query:
    from zoo.tables.query import Query

    return place if sql is None else Query(place, sql)


def _text(given: Mapping[str, str]) -> Options:
    from zoo.tables.options import Options

    return Options(
        given.get("delimiter"),
        given.get("decimal"),
        given.get("encoding"),
        truth_of("header", given["header"]) if "header" in given else None,
        token_spaces=truth_of("token_spaces", given.get("token_spaces", "false")),
        lines=truth_of("lines", given.get("lines", "false")),
        prefix="",
        form=_form(given),
        separator=given.get("separator"),
    )


def _form(given: Mapping[str, str]) -> LongForm | None:
    from zoo.tables.long_form import LongForm

    named = [key for key in ("basket_column", "item_column", "quantity_column") if key in given]
    if not named:
        return None
    if "basket_column" not in given or "item_column" not in given:
        raise InputError(f"{named[0]}: a table in long form needs both basket_column= and item_column=")
    for other in ("columns", "separator", "lines"):
        if other in given:
            raise InputError(f"{other} means nothing beside basket_column; leave one of the two out")
    return LongForm(given["basket_column"], given["item_column"], given.get("quantity_column"))


def _count(key: str, text: str) -> int:
    if not text.isdecimal():
        raise InputError(f"{key}={text}: a whole number is wanted")
    return int(text)


def _console(*, quiet: bool) -> Console:
    from rich.console import Console

    return Console(quiet=quiet, soft_wrap=True)
