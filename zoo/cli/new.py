"""Looks at a file, and writes a recipe for it that runs as it is.

    python -m zoo.new customers.csv
    python -m zoo.run recipe=./customers.yaml

What was seen is printed, and what is unsure. Rows of a table, arrays, baskets, word vectors, or a folder of images.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import explained, given, truth_of
from zoo.errors import InputError, RecipeError, suggestion
from zoo.recipe import compose
from zoo.tables.words import short_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zoo.looking.advice import Advice
    from zoo.looking.wishes import Wishes

_KEYS = {
    "output": "the recipe's file; default: the name of the data with .yaml, in this folder",
    "overwrite": "true writes over a file that is there",
    "name": "of the encoder; default: the name of the data",
    "label": "the column of labels, which only judging sees; none for none; default: told by its name",
    "key": "the column that names the rows; none for none; default: told by its name",
    "labels": "a file of labels beside an array: .npy, or a table of one column",
    "recipe": "the recipe to start from, such as table or anomaly_table; default: what fits",
    "delimiter": "between the cells of a text file, such as semicolon or tab; default: seen from the file",
    "decimal": "before a number's fraction, point or comma",
    "encoding": "of a text file, such as latin-1",
    "lines": "true for a text file of which each line is a basket",
    "header": "whether the first row of a text file names the columns",
}
_TEXT = ("delimiter", "decimal", "encoding")
_COLUMNS, _NONE = ("label", "key"), ("none", "null")
_CHOICES = ("anomaly_table", "dense_vectors", "records_table", "softmax_baskets", "table")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong input, 130 interrupted, 1 anything else."""
    width = max(map(len, _KEYS))
    parser = argparse.ArgumentParser(
        prog="python -m zoo.new",
        description="Looks at a file or a folder of images, and writes a recipe for it that runs as it is.",
        epilog="keys:\n" + "".join(f"  {key:<{width}}  {purpose}\n" for key, purpose in _KEYS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", help="a table, array, baskets or word vectors, as a file or URL; or a folder of images")
    parser.add_argument("values", nargs="*", metavar="key=value")
    options = parser.parse_args(arguments)
    return explained(lambda: _main(options.file, options.values))


def _main(place: str, values: Sequence[str]) -> int:
    from zoo.looking.recipe_text import recipe_text, seen_text

    settings = given(values, _KEYS)
    name = settings.get("name") or name_of(place)
    output = Path(settings.get("output") or f"{name}.yaml")
    overwrite = truth_of("overwrite", settings.get("overwrite", "false"))
    if output.exists() and not overwrite:
        raise InputError(f"{output} is there already: say overwrite=true, or output=OTHER.yaml")
    if not output.parent.is_dir():
        raise InputError(f"output={output}: there is no folder {output.parent}")
    advice = looked_at(place, settings)
    shown = output if output.is_absolute() else f"./{output}"
    launch = f"python -m zoo.run recipe={shown}"
    output.write_text(recipe_text(advice, name, short_name(place), launch), encoding="utf-8")
    print(f"{place}\n{seen_text(advice)}")  # noqa: T201  the command line's own voice
    try:
        compose(str(output))
    except RecipeError as error:
        raise RecipeError(f"wrote {output}, which does not hold together yet: {error}") from None
    print(f"wrote {output}; change it as you like, and run it:\n  {launch}")  # noqa: T201
    return 0


def looked_at(place: str, settings: Mapping[str, str], prefix: str = "") -> Advice:
    """What fits a file, as the keys of this command say; messages name them with a prefix."""
    from zoo.looking.look import look

    options: dict[str, Any] = {key: settings[key] for key in _TEXT if key in settings}
    options |= {key: truth_of(key, settings[key]) for key in ("header", "lines") if key in settings}
    return look(place, options, wishes_in(settings), prefix)


def wishes_in(settings: Mapping[str, str]) -> Wishes:
    """What the keys of this command say of the recipe and of columns."""
    from zoo.looking.wishes import Wishes

    wanted = settings.get("recipe")
    if wanted is not None and wanted not in _CHOICES:
        hint = suggestion(wanted, _CHOICES, what="it can be")
        raise InputError(f"recipe={wanted}: {hint}; others follow from the file")
    columns = {key: "" if settings[key].lower() in _NONE else settings[key] for key in _COLUMNS if key in settings}
    return Wishes(wanted, **columns, labels=settings.get("labels"))


def name_of(place: str) -> str:
    """What an encoder of a file is called: the file's name, of letters, digits and underscores."""
    stem = re.sub(r"\W+", "_", short_name(place).partition(".")[0]).strip("_")
    return stem if stem and not stem[0].isdigit() else f"rows_{stem}".strip("_")
