"""Judges a registered encoder again, or embeddings from anywhere, without training.

    python -m zoo.judge vae_word2vec                          # its champion, by the recipe that it was made with
    python -m zoo.judge vae_word2vec/2 data.path=new.parquet
    python -m zoo.judge embeddings=file.parquet raw=rows.parquet labels=category

`zoo.judge` is callable, so that `zoo.judge("vae_word2vec", "data.path=new.parquet")` does the same from Python.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import begin, explained, given, names_in, open_console, page_of, refuse_tables, truth_of
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.review.review import Review
    from zoo.tables.options import Options

_BLESSED, _NOT_BLESSED = 0, 3
_INSTEAD = "a table of embeddings is judged by embeddings={table}"
_OF_EMBEDDINGS = {
    "embeddings": "a file of embeddings: .npy, .npz, Parquet, CSV, ...",
    "raw": "the rows that they were made of, to compare with",
    "labels": "the column of classes, in either file",
    "key": "the column by which rows of the two files go together; default: their number",
    "columns": "columns of the embeddings, such as vector or e_* or a,b,c; default: found by their types",
    "raw_columns": "of the raw rows, alike",
    "pairs": "a file of pairs: columns of two keys and of a similarity, in this order",
    "queries": "a file of queries: columns of the query's key and of a relevant row's, and of how relevant it is, if "
    "known; keys are those of key=, or row numbers from 0",
    "page": "where to write the report page; none for none; default: report.html",
    "delimiter": "between the cells of text files: comma, semicolon, tab, or the character; default: by the ending",
    "decimal": "before a number's fraction: point or comma; default: point",
    "encoding": "of text files, such as latin-1; default: utf-8",
    "header": "true or false: whether the first row of text files names the columns; default: seen by the names",
}
_TEXT = ("delimiter", "decimal", "encoding", "header")
_PAGE = "report.html"


def judge(
    encoder: str | Path | None = None,
    *overrides: str,
    embeddings: Any = None,
    raw: Any = None,
    labels: Any = None,
    key: str | None = None,
    pairs: Any = None,
    queries: Any = None,
    columns: str | Sequence[str] = (),
    raw_columns: str | Sequence[str] = (),
    page: str | None = None,
    quiet: bool = False,
    text: Options | None = None,
) -> Review:
    """Judges a registered or exported encoder again, or embeddings from anywhere. Nothing is trained or registered.

    Embeddings, raw rows, pairs and queries are files (Parquet, CSV, npy, ...), or in memory: a DataFrame (its index, if
    it has one of its own, is the key), an Arrow table, an array or tensor, a mapping of columns.

    Args:
        encoder: as `zoo.load` takes it, or the id of a run; it is judged by the recipe that it was made with.
        *overrides: of that recipe, such as "data.path=other.parquet".
        embeddings: instead of an encoder, a table of vectors.
        raw: the rows that the embeddings were made of.
        labels: the column of classes; or a class for each row, as a Series, array or list.
        key: the column of keys, by which rows of the two go together and which pairs and queries name; without one,
            rows go by their number, from 0.
        pairs: a table of pairs: columns of the first item's key, the second one's, and how similar they are.
        queries: a table of queries: columns of the query's key, of a row's that is relevant to it, and how relevant it
            is (may be left out).
        columns: of the embeddings: that of whole vectors, or those of numbers; names may hold `*`. Default: found by
            their types.
        raw_columns: of the raw rows, alike.
        page: where to write the report page; None writes none.
        quiet: print nothing.
        text: how files of text are read, such as `zoo.tables.Options(delimiter=";", prefix="")`.

    Returns:
        The report, and for an encoder the verdict of its recipe's gates.

    Raises:
        zoo.errors.InputError: no such encoder, or tables that cannot be used.
        zoo.errors.RecipeError: wrong overrides.
    """
    if encoder is None and embeddings is None:
        raise InputError("give an encoder, such as vae_word2vec/2, or embeddings=FILE")
    if encoder is not None and not isinstance(encoder, str | Path):
        raise InputError(f"{type(encoder).__name__} is no encoder's name; embeddings are given as embeddings=")
    columns, raw_columns = (names_in(each) if isinstance(each, str) else list(each) for each in (columns, raw_columns))
    asked = {"raw": raw, "labels": labels, "key": key, "pairs": pairs, "queries": queries}
    shape = {"columns": columns or None, "raw_columns": raw_columns or None, "text": text}
    if encoder is not None:
        _refuse_beside(str(encoder), {"embeddings": embeddings, **asked, **shape})
    from zoo.stages.voice import Voice

    voice = Voice(open_console(quiet=quiet))
    if encoder is not None:
        refuse_tables([str(encoder)], _INSTEAD)
        from zoo.review.registered import judge_registered

        return judge_registered(encoder, overrides, voice, page)
    if overrides:
        raise InputError(f"{overrides[0]!r}: embeddings have no recipe that could be changed")
    from zoo.review.embeddings import judge_embeddings

    return judge_embeddings(embeddings, voice, page, **asked, columns=columns, raw_columns=raw_columns, text=text)


def _refuse_beside(encoder: str, others: Mapping[str, Any]) -> None:
    """Raises InputError for what an encoder cannot be asked with: nothing of it would be heeded."""
    beside = [f"{name}=" for name, value in others.items() if value is not None]
    if beside:
        raise InputError(
            f"{', '.join(beside)}: for embeddings, not beside an encoder ({encoder}), judged by its recipe, whose "
            f"data and metrics can be changed, such as data.label_column=COLUMN"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.judge",
        description="Judges a registered encoder again, or embeddings from anywhere, without training.",
        epilog="of embeddings:\n"
        + "".join(f"  {name:<11}  {purpose}\n" for name, purpose in _OF_EMBEDDINGS.items())
        + "\nof an encoder: page=, and any key of its recipe, such as data.path=other.parquet"
        + "\n\nexit status: 0 its gates pass (or there are none), 3 they do not, 2 wrong input, 1 otherwise",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("values", nargs="*", metavar="NAME | key=value")
    values = parser.parse_args(arguments).values

    def act() -> int:
        names = [each for each in values if "=" not in each]
        if len(names) > 1:
            raise InputError(f"judge one encoder at a time, not {', '.join(names)}; zoo.compare takes several")
        refuse_tables(names, _INSTEAD)
        keys = [each for each in values if "=" in each]
        begin("looking the encoder up" if names else "reading the embeddings")
        if names:
            own = given([each for each in keys if each.partition("=")[0] in _OF_EMBEDDINGS], _OF_EMBEDDINGS)
            overrides = [each for each in keys if each.partition("=")[0] not in _OF_EMBEDDINGS]
            page = page_of(own.pop("page", _PAGE))
            _refuse_beside(names[0], own)
            found = judge(names[0], *overrides, page=page)
        else:
            chosen = given(keys, _OF_EMBEDDINGS)
            page, text = page_of(chosen.pop("page", _PAGE)), _text(chosen)
            files: dict[str, Any] = {each: value for each, value in chosen.items() if each not in _TEXT}
            files |= {each: names_in(files[each]) for each in ("columns", "raw_columns") if each in files}
            found = judge(None, page=page, text=text, **files)
        return _BLESSED if found.verdict is None or found.verdict.blessed else _NOT_BLESSED

    return explained(act)


def _text(given: Mapping[str, str]) -> Options:
    from zoo.tables.options import Options

    header = truth_of("header", given["header"]) if "header" in given else None
    return Options(given.get("delimiter"), given.get("decimal"), given.get("encoding"), header, prefix="")


if __name__ == "__main__":
    sys.exit(main())
