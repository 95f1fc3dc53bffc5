"""Compares registered or exported encoders on the same rows.

    python -m zoo.compare vae_word2vec/1 vae_word2vec/2 dense_word2vec

`zoo.compare` is callable, so that `zoo.compare("vae_word2vec/1", "vae_word2vec/2")` does the same from Python.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from zoo.cli.arguments import begin, explained, open_console, page_of, refuse_tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.review.review import Review

_PAGE = "comparison.html"
_INSTEAD = "a table of embeddings is judged by zoo.judge, embeddings={table}"


def compare(*encoders: str, overrides: Sequence[str] = (), page: str | None = None, quiet: bool = False) -> Review:
    """Judges several encoders by the recipe of the first, and gives its paired differences to the others.

    Args:
        *encoders: two or more, each as `zoo.load` takes it, or the id of a run.
        overrides: of the first one's recipe, such as "data.path=other.parquet".
        page: where to write the report page; None writes none.
        quiet: print nothing.

    Raises:
        zoo.errors.InputError: fewer than two, or one that is not there or cannot read the rows.
        zoo.errors.RecipeError: wrong overrides.
    """
    from zoo.review.comparison import compare_encoders
    from zoo.stages.voice import Voice

    return compare_encoders(encoders, overrides, Voice(open_console(quiet=quiet)), page)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.compare",
        description="Compares registered or exported encoders, or runs by their ids, on the rows of the first one.",
        epilog="page=FILE says where to write the report page (page=none: nowhere; default: comparison.html);\n"
        "any key of the first one's recipe can be changed, such as data.path=other.parquet\n\n"
        "exit status: 0 done, 2 wrong argument or input, 1 anything else",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("values", nargs="+", metavar="NAME | key=value")
    values = parser.parse_args(arguments).values

    def act() -> int:
        pages = [each.removeprefix("page=") for each in values if each.startswith("page=")]
        page = (pages or [_PAGE])[-1]
        overrides = [each for each in values if "=" in each and not each.startswith("page=")]
        encoders = [each for each in values if "=" not in each]
        refuse_tables(encoders, _INSTEAD)
        begin("looking the encoders up")
        compare(*encoders, overrides=overrides, page=page_of(page))
        return 0

    return explained(act)


if __name__ == "__main__":
    sys.exit(main())
