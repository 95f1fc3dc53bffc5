"""Compares registered or exported encoders with each other, on the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.keras_settings import zoo_settings
from zoo.review.registered import found
from zoo.review.review import reviewed
from zoo.tables.words import short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.types import Splits


def compare_encoders(encoders: Sequence[str], overrides: Sequence[str], voice: Voice, page: str | None) -> Review:
    """Judges several encoders by the recipe of the first, which the others are compared with.

    Args:
        encoders: each as `zoo.load` takes it.
        overrides: of the first one's recipe.
        voice: where a person reads along.
        page: where to write the report page; None writes none.

    Raises:
        InputError: fewer than two encoders, one twice, or one that cannot read the rows of the first.
    """
    if len(encoders) < 2:
        raise InputError("give two encoders or more, such as: python -m zoo.compare vae_word2vec/1 vae_word2vec/2")
    if len(set(encoders)) < len(encoders):
        raise InputError("an encoder is named twice")
    everyone = [found(each) for each in encoders]
    recipe = everyone[0].recipe(overrides)
    splits: Splits = recipe.build("data").load()
    with zoo_settings():
        judge = recipe.build("judge")
        table = judge.scaled(splits)
        representations = [each.on(table, each.name) for each in everyone]
        report, evidence = judge.weigh(representations, recipe.build("metrics"), table)
        names = [short_name(each, parts=2) for each in encoders]
        purpose = f"{names[0]}, compared with {', '.join(names[1:])} on the same test rows"
        described = {**recipe.public().config, "name": " and ".join(names), "purpose": purpose}
        made = {"compared": ", ".join(encoders)}
        return reviewed(voice, report, None, evidence, recipe=described, made=made, page=page)
