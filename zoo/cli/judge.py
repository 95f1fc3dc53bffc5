"""Judges a registered encoder again, or embeddings from anywhere, without training.

    python -m zoo.judge vae_word2vec                          # its champion, by the recipe that it was made with
    python -m zoo.judge vae_word2vec/2 data.path=new.parquet
    python -m zoo.judge embeddings=file.parquet raw=rows.parquet labels=category

`zoo.judge` is callable, so that `zoo.judge("vae_word2vec", "data.path=new.parquet")` does the same from Python.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from zoo.cli.arguments import begin, explained, given, open_console
from zoo.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.review.review import Review

_BLESSED, _NOT_BLESSED = 0, 3
_OF_EMBEDDINGS = {
    "embeddings": "a file of embeddings: .npy, .npz, Parquet, CSV, ...",
    "raw": "the rows that they were made of, to compare with",
    "labels": "the column of classes, in either file",
    "key": "the column by which rows of the two files go together; default: their number",
    "pairs": "a file of pairs of keys with a similarity",
    "queries": "a file of queries with what is relevant to them",
    "page": "where to write the report page; none for none; default: report.html",
}
_PAGE = "report.html"


def judge(
    encoder: str | None = None,
    *overrides: str,
    embeddings: str | None = None,
    raw: str | None = None,
    labels: str | None = None,
    key: str | None = None,
    pairs: str | None = None,
    queries: str | None = None,
    page: str | None = None,
    quiet: bool = False,
) -> Review:
    """Judges a registered or exported encoder again, or embeddings from anywhere. Nothing is trained or registered.

    Args:
        encoder: as `zoo.load` takes it; it is judged by the recipe that it was made with.
        *overrides: of that recipe, such as "data.path=other.parquet".
        embeddings: instead of an encoder, a file of vectors.
        raw: the rows that the embeddings were made of.
        labels: the column of classes.
        key: the column of keys.
        pairs: a file of pairs of keys with a similarity.
        queries: a file of queries with what is relevant to them.
        page: where to write the report page; None writes none.
        quiet: print nothing.

    Returns:
        The report, and for an encoder the verdict of its recipe's gates.

    Raises:
        zoo.errors.InputError: no such encoder, or files that cannot be used.
        zoo.errors.RecipeError: wrong overrides.
    """
    if (encoder is None) == (embeddings is None):
        raise InputError("give an encoder, such as vae_word2vec/2, or embeddings=FILE")
    from zoo.stages.voice import Voice

    voice = Voice(open_console(quiet=quiet))
    if encoder is not None:
        from zoo.review.registered import judge_registered

        return judge_registered(encoder, overrides, voice, page)
    if overrides:
        raise InputError(f"{overrides[0]!r}: embeddings have no recipe that could be changed")
    from zoo.review.embeddings import judge_embeddings

    return judge_embeddings(str(embeddings), voice, page, raw=raw, labels=labels, key=key, pairs=pairs, queries=queries)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.judge",
        description="Judges a registered encoder again, or embeddings from anywhere, without training.",
        epilog="of embeddings:\n"
        + "".join(f"  {name:<10}  {purpose}\n" for name, purpose in _OF_EMBEDDINGS.items())
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
        keys = [each for each in values if "=" in each]
        begin("starting TensorFlow" if names else "reading the embeddings")
        if names:
            pages = [each.removeprefix("page=") for each in keys if each.startswith("page=")]
            overrides = [each for each in keys if not each.startswith("page=")]
            found = judge(names[0], *overrides, page=_page((pages or [_PAGE])[-1]))
        else:
            chosen = given(keys, _OF_EMBEDDINGS)
            page = _page(chosen.pop("page", _PAGE))
            found = judge(None, page=page, **chosen)  # type: ignore[arg-type]  # its keys are those of strings
        return _BLESSED if found.verdict is None or found.verdict.blessed else _NOT_BLESSED

    return explained(act)


def _page(name: str) -> str | None:
    return None if name == "none" else name


if __name__ == "__main__":
    sys.exit(main())
