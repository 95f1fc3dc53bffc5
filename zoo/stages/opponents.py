"""What an encoder is judged against: the recipe's baselines, and embeddings that the user names beside them."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from zoo.recipe import RESERVED
from zoo.representations.file import File

if TYPE_CHECKING:
    from zoo.recipe import Recipe
    from zoo.types import Baseline


def opponents(recipe: Recipe) -> dict[str, Baseline]:
    """The baselines of a recipe by name, then the files of `judge.also` by the names of the files."""
    found: dict[str, Baseline] = dict(recipe.build("baselines"))
    for path in recipe.build("judge").also:
        name = stem = PurePath(path).name.split(".")[0] or "file"
        number = 1
        while name in found or name in RESERVED:
            number += 1
            name = f"{stem}_{number}"
        found[name] = File(path)
    return found
