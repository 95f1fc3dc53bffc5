"""Trains, judges, registers and exports a recipe.

    python -m zoo.run recipe=vae_word2vec train.epochs=5 model.latent_dim=16

`zoo.run` is callable, so that `zoo.run("vae_word2vec", "train.epochs=5")` does the same from Python.
"""

from __future__ import annotations

import argparse
import difflib
import math
import shutil
import sys
import textwrap
from os import PathLike
from typing import TYPE_CHECKING, Any

from zoo.cli.arguments import explained, open_console
from zoo.cli.automatic import AUTO, automatic
from zoo.errors import InputError, RecipeError, suggestion
from zoo.recipe import compose, expand, list_recipes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from zoo.launchers.side_by_side import SideBySide
    from zoo.recipe import Recipe
    from zoo.stages.result import Result

_BLESSED, _NOT_BLESSED = 0, 3
_RAY = "ray"


def run(
    recipe: str,
    *overrides: str | Mapping[str, Any],
    data: Any = None,
    labels: Any = None,
    keys: Any = None,
    quiet: bool = False,
    **settings: Any,
) -> Result:
    """Runs a recipe: trains, judges and, if it is blessed, registers and exports the encoder.

    Args:
        recipe: a recipe's name, or the path of a YAML file; "auto" looks at the data and takes what fits.
        *overrides: such as "train.epochs=5", or mappings such as {"train.epochs": 5} or {"train": {"epochs": 5}}.
        data: rows in memory, in place of the recipe's file: an array or tensor [rows, width], a frame of pandas or
            polars, an Arrow table, a SciPy sparse array, a mapping of columns, a list of mappings or of rows; or the
            path of a file.
        labels: a class for each row, which only judging sees, or the name of the column that holds them.
        keys: a name for each row, or the name of the column; otherwise the index of a pandas frame that has one.
        quiet: print nothing.
        **settings: more overrides, by the name of their section, such as train={"epochs": 5} or name="mine".

    Returns:
        Report, verdict, encoder, and where things went.

    Raises:
        zoo.errors.RecipeError: the recipe or an override is wrong; all faults are listed.
        zoo.errors.InputError: data or folders that cannot be used.
        zoo.errors.ZooError: anything else that can be explained.
    """
    from zoo.cli.held_data import as_overrides, of_file, with_held
    from zoo.pipeline import Pipeline

    given = [text for each in overrides for text in ([each] if isinstance(each, str) else as_overrides(each))]
    given += as_overrides(settings)
    if data is None and (labels is not None or keys is not None):
        raise InputError(
            "labels= and keys= are of data=; of a file say data.label_column=COLUMN, data.key_column=COLUMN"
        )
    if isinstance(data, str | PathLike):
        given += of_file(recipe, given, data, labels, keys)
        data = labels = keys = None
    console = open_console(quiet=quiet)
    if recipe == AUTO:
        composed = _shown(automatic(given, data, labels, keys), console)
    else:
        composed = compose(recipe, given) if data is None else with_held(recipe, given, data, labels, keys)
    return Pipeline(composed, console).run()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 blessed, 3 not blessed, 2 wrong input, 1 anything else."""
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    return explained(lambda: _main(options), "the same command takes the run up again")


def _main(options: argparse.Namespace) -> int:
    selection, overrides = _selection(options.overrides)
    combinations = expand(overrides) if options.multirun else [overrides]
    names = selection.split(",") if options.multirun else [selection]
    recipes = [automatic(each) if name == AUTO else compose(name, each) for name in names for each in combinations]
    if options.cfg:
        for note in dict.fromkeys(note for recipe in recipes for note in recipe.notes):
            print(f"note: {note}", file=sys.stderr)  # noqa: T201
        print("\n---\n".join(recipe.yaml().rstrip() for recipe in recipes))  # noqa: T201
        return _BLESSED
    if options.multirun:
        from zoo.sweep import Sweep

        sweep = Sweep(recipes, open_console(), _side_by_side(options))
        return _BLESSED if sweep.run() else _NOT_BLESSED
    if any(vars(options)[each] is not None for each in ("jobs", "max_memory", "launcher", "address")):
        raise InputError(
            "--jobs, --max-memory, --launcher and --address are of a sweep, whose candidates they train: add --multirun"
        )
    from zoo.pipeline import Pipeline

    console = open_console()
    pipeline = Pipeline(_shown(recipes[0], console), console)
    if pipeline.follows:
        pipeline.follow()
        return 0
    result = pipeline.run()
    return _BLESSED if result.verdict.blessed else _NOT_BLESSED


def _side_by_side(options: argparse.Namespace) -> SideBySide | None:
    """How the candidates of a sweep are trained at once; None for one after the other in this process."""
    from zoo.launchers.local_processes import LocalProcesses
    from zoo.launchers.ray_tasks import RayTasks
    from zoo.launchers.side_by_side import SideBySide

    if options.launcher == _RAY:
        return SideBySide(RayTasks(options.address), options.jobs, options.max_memory)
    if options.address is not None:
        raise InputError(f"--address is that of a Ray cluster: add --launcher {_RAY}")
    return SideBySide(LocalProcesses(), options.jobs, options.max_memory) if (options.jobs or 1) > 1 else None


def _shown(recipe: Recipe, console: Console) -> Recipe:
    """The recipe, which is shown where the zoo wrote it for the data."""
    if recipe.written:
        console.print(recipe.written, markup=False, highlight=False)
    return recipe


def _selection(arguments: Sequence[str]) -> tuple[str, list[str]]:
    """The recipe that was asked for, and the other overrides."""
    chosen = [each.removeprefix("recipe=") for each in arguments if each.startswith("recipe=")]
    if len(chosen) != 1 or not chosen[0]:
        problem = "say which recipe" if not any(chosen) else "give one recipe, not several"
        recipes = list_recipes()
        misspelt = difflib.get_close_matches("recipe", [each.partition("=")[0] for each in arguments], n=1)
        if misspelt and not any(chosen):
            problem = f"{misspelt[0]}=: did you mean recipe=? {problem}"
        example = next((each for each in arguments if each in recipes), "vae_word2vec")
        raise RecipeError(f"{problem}, such as recipe={example}; {suggestion('', recipes, what='recipes')}")
    return chosen[0], [each for each in arguments if not each.startswith("recipe=")]


def _parser() -> argparse.ArgumentParser:
    class WithRecipes(argparse.ArgumentParser):
        def format_help(self) -> str:
            recipes = list_recipes()
            width = max(map(len, recipes), default=0)
            lines = "".join(_hanging(f"  {name:<{width}}  ", purpose) for name, purpose in recipes.items())
            title = (
                "recipes (recipe=NAME, recipe=./file.yaml, or recipe=auto data.path=FILE for what fits; more folders: "
                "ZOO_RECIPES):"
            )
            return f"{super().format_help()}\n{title}\n{lines}"

    parser = WithRecipes(
        prog="python -m zoo.run",
        description="Trains a recipe, judges the encoder on held-out rows, registers and exports it if it wins.",
        epilog="exit status: 0 blessed, 3 trained but not blessed, 2 wrong recipe, option or input, 1 anything else",
        allow_abbrev=False,
    )
    parser.add_argument("overrides", nargs="*", metavar="key=value", help="recipe=NAME, and keys of it to change")
    parser.add_argument(
        "-m",
        "--multirun",
        action="store_true",
        help="train every combination of key=a,b values; of those with one recipe and the same data, validation rows "
        "choose the one that test rows judge and that is released; each recipe of recipe=a,b is judged",
    )
    parser.add_argument(
        "-j",
        "--jobs",
        type=_above_zero(int),
        metavar="N",
        help="train so many candidates of a sweep at once",
    )
    parser.add_argument(
        "--max-memory",
        type=_above_zero(float),
        metavar="GIB",
        help="that these processes may hold together: the first is trained alone, to see what one takes",
    )
    parser.add_argument(
        "--launcher",
        choices=["joblib", _RAY],
        help="what trains candidates at once: joblib, in processes of this machine (the default), or Ray",
    )
    parser.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="of the Ray cluster, or auto; default: RAY_ADDRESS, or Ray is started on this machine",
    )
    parser.add_argument("-c", "--cfg", choices=["job"], help="print the composed recipe and stop")
    return parser


def _above_zero(kind: type[float]) -> Callable[[str], float]:
    """Reads a number of an option."""

    def number(text: str) -> float:
        value = kind(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
        return value

    number.__name__ = "whole number" if kind is int else "number"  # argparse says it of what does not read as one
    return number


def _hanging(name: str, purpose: str) -> str:
    """A line of a list; on a terminal that is too narrow, several with the name standing out."""
    if not sys.stdout.isatty():
        return f"{name}{purpose}\n"
    columns = max(shutil.get_terminal_size().columns, 2 * len(name))
    return textwrap.fill(purpose, columns, initial_indent=name, subsequent_indent=" " * len(name)) + "\n"
