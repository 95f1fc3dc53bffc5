"""Lists the recipes, the registered encoders, and those that runs have kept.

    python -m zoo.list                # all three
    python -m zoo.list encoders

What is listed is written as `zoo.load` and every command take it.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any, TypeAlias

from zoo.cli.arguments import explained, open_console
from zoo.errors import InputError, suggestion

if TYPE_CHECKING:
    from collections.abc import Sequence

# columns, rows, and what is said where there are no rows
_Listing: TypeAlias = "tuple[list[str], Sequence[tuple[str, ...]], str]"
_KINDS = {
    "recipes": "what can be run: python -m zoo.run recipe=NAME",
    "encoders": "what is registered: NAME is its champion, NAME/VERSION any version",
    "runs": "what the newest run of each name has kept, blessed or not: NAME@latest, or runs:/ID",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit status: 0 done, 2 wrong argument, 130 interrupted, 1 anything else."""
    parser = argparse.ArgumentParser(
        prog="python -m zoo.list",
        description="Lists the recipes, the registered encoders, and those that runs have kept.",
        epilog="".join(f"  {kind:<9} {what}\n" for kind, what in _KINDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("kinds", nargs="*", metavar="|".join(_KINDS), help="default: all three")
    kinds = parser.parse_args(arguments).kinds
    return explained(lambda: _main(kinds or list(_KINDS)))


def _main(kinds: Sequence[str]) -> int:
    from rich.text import Text

    from zoo.tracking.tracker import Tracker

    for kind in kinds:
        if kind not in _KINDS:
            raise InputError(f"{kind!r} cannot be listed; {suggestion(kind, _KINDS, what='kinds')}")
    console, tracker = open_console(does_nothing_else=True), Tracker()
    for kind in kinds:
        columns, rows, none = _LISTED[kind](tracker)
        if not rows:
            console.print(Text(none), soft_wrap=True)
            continue
        console.print(Text(_KINDS[kind], style="bold"), soft_wrap=True)
        console.print(Text("\n".join(_aligned([columns, *rows]))), Text(), sep="\n", soft_wrap=True)
    return 0


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A line for each row, cells one below the other; nothing is cut off in a narrow window, since names are copied."""
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _recipes(tracker: Any) -> _Listing:  # noqa: ARG001  as the other two
    from zoo.recipe import list_recipes

    return ["recipe", "what for"], list(list_recipes().items()), "no recipes"


def _encoders(tracker: Any) -> _Listing:
    from zoo.tracking.inventory import registered

    rows = [
        (
            each.name,
            "none" if each.champion is None else str(each.champion),
            ", ".join(map(str, each.versions)),
            "" if each.latent_dim is None else str(each.latent_dim),
            f"{each.made:%Y-%m-%d %H:%M}",
        )
        for each in registered(tracker)
    ]
    return ["encoder", "champion", "versions", "numbers", "made"], rows, f"no encoder in {tracker.resolved_uri} yet"


def _runs(tracker: Any) -> _Listing:
    from zoo.tracking.inventory import kept

    rows = [
        (
            f"{each.name}@latest",
            "blessed" if each.blessed else "not blessed",
            f"runs:/{each.run_id}",
            str(each.runs),
            f"{each.made:%Y-%m-%d %H:%M}",
        )
        for each in kept(tracker)
    ]
    none = f"no run in {tracker.resolved_uri} has kept an encoder yet"
    return ["newest", "", "run", "runs", "made"], rows, none


_LISTED = {"recipes": _recipes, "encoders": _encoders, "runs": _runs}
