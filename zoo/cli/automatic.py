"""`recipe=auto`: looks at the data and runs the recipe that fits it."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.cli.held_data import with_held
from zoo.cli.new import looked_at, name_of, wishes_in
from zoo.errors import InputError, RecipeError
from zoo.recipe import compose
from zoo.tables.words import short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.looking.advice import Advice
    from zoo.recipe import Recipe

AUTO = "auto"
_LOOKED_FOR = {
    **{f"data.{key}": key for key in ("path", "delimiter", "decimal", "encoding", "header")},
    "data.label_column": "label",
    "data.key_column": "key",
    "data.labels": "labels",
    "name": "name",
}
_HELD = "data"  # what rows in memory are called


def automatic(overrides: Sequence[str], data: Any = None, labels: Any = None, keys: Any = None) -> Recipe:
    """The recipe that fits a file or rows in memory.

    Args:
        overrides: data.path=FILE, what `zoo new` takes as data.delimiter=, data.label_column= and so on, and any of the
            recipe that comes out.
        data: rows in memory, see `zoo.run`.
        labels: see there.
        keys: see there.

    Raises:
        InputError: no data, or none that a recipe reads.
        RecipeError: overrides that the recipe does not have.
    """
    settings, others = _settings(overrides)
    if data is None:
        if "path" not in settings:
            raise InputError("recipe=auto looks at your data: say data.path=FILE, or a folder of images")
        place = settings["path"]
        advice, what, name = (
            looked_at(place, settings, "data."),
            short_name(place),
            settings.get("name") or name_of(place),
        )
        return _composed(advice, name, what, others)
    name, rows = settings.get("name") or _HELD, _held(data, labels, keys, settings)
    return _composed(_looked_at_rows(rows, settings), name, "rows in memory", others, rows)


def _composed(advice: Advice, name: str, what: str, overrides: Sequence[str], rows: Any = None) -> Recipe:
    from zoo.looking.recipe_text import recipe_text

    text = recipe_text(advice, name, what, "python -m zoo.run recipe=FILE")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{AUTO}.yaml")
        path.write_text(text, encoding="utf-8")
        try:
            composed = compose(str(path), overrides) if rows is None else with_held(str(path), overrides, rows)
        except RecipeError as error:
            raise RecipeError(str(error).replace(str(path), f"auto, which is {advice.recipe} here")) from None
    return replace(composed, written=text)


def _settings(overrides: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """What says how to look, by `zoo new`'s keys, and the other overrides."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    settings, others = {}, []
    for each in overrides:
        key = each.partition("=")[0].lstrip("+")
        if key not in _LOOKED_FOR:
            others.append(each)
            continue
        try:
            value = OverridesParser.create().parse_override(each).value()
        except HydraException:
            raise RecipeError(f"{each!r} is not an override: write key=value") from None
        settings[_LOOKED_FOR[key]] = "none" if value is None else str(value)
    return settings, others


def _held(data: Any, labels: Any, keys: Any, settings: dict[str, str]) -> Any:
    """The rows in memory as a table, labels and keys among its columns."""
    from zoo.tables.held_table import held_table, with_columns

    table = held_table(data, _HELD)
    for key, given in (("label", labels), ("key", keys)):
        if isinstance(given, str):
            settings[key] = given
        elif given is not None:
            table, added = with_columns(table, {f"{key}_column": given})
            settings[key] = added[f"{key}_column"]
    return table


def _looked_at_rows(table: Any, settings: dict[str, str]) -> Advice:
    from zoo.looking.look import look_at_table

    return look_at_table(table, {}, wishes_in(settings))
