"""Shows what an encoder is and how it was judged, or what a recipe says.

python -m zoo.show vae_word2vec            # its champion; also NAME/VERSION, NAME@latest, runs:/ID, a folder
python -m zoo.show recipe=vae_word2vec
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zoo.cli.arguments import ENCODER, explained, open_console, refuse_tables
from zoo.errors import InputError
from zoo.loading import find, not_blessed
from zoo.recipe import list_recipes, recipe_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CARD = "model_card.md"
_RECIPE = "recipe="


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 there is none, 130 interrupted, 1 anything else."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.show",
        description="Shows what an encoder is and how it was judged, or what a recipe says.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "what",
        metavar="ENCODER|recipe=NAME",
        help=f"{ENCODER}; or a recipe",
    )
    what = parser.parse_args(arguments).what
    return explained(lambda: _main(what))


def _main(what: str) -> int:
    console = open_console(does_nothing_else=True)
    if what.startswith(_RECIPE):
        console.out(recipe_file(what.removeprefix(_RECIPE)).read_text(encoding="utf-8"), end="", highlight=False)
        return 0
    refuse_tables([what], "python -m zoo.new {table} looks at a table")
    try:
        directory, name = find(what)
    except InputError as error:
        if what in list_recipes():
            raise InputError(f"{error} (there is a recipe of this name: python -m zoo.show recipe={what})") from None
        raise
    from rich.text import Text

    lines = [f"{name} {not_blessed(directory) or 'is blessed'}", f"files: {directory}", *_pages(directory)]
    console.print(Text("\n".join(lines)), soft_wrap=True)
    card = directory / _CARD
    if card.is_file():
        from rich.markdown import Markdown

        console.print(Markdown(card.read_text(encoding="utf-8")))
    return 0


def _pages(directory: Path) -> list[str]:
    page = directory / "assets.extra" / "report.html"
    return [f"page:  {page}"] if page.is_file() else []
