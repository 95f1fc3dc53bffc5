"""Compares registered or exported encoders with each other, on the same rows."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zoo.errors import InputError
from zoo.keras_settings import zoo_settings
from zoo.review.found import found, looks, require_known
from zoo.review.overriding import require_effective
from zoo.review.review import reviewed, writable_page
from zoo.tables.words import short_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.review.review import Review
    from zoo.stages.voice import Voice
    from zoo.types import Splits

_OF_ONE = {"judge.also": "compares one with such files", "judge.fields": "judges single fields of one"}
_SECTIONS = ("data", "metrics", "judge", "page")  # of a recipe that have an effect here


def compare_encoders(encoders: Sequence[str], overrides: Sequence[str], voice: Voice, page: str | None) -> Review:
    """Judges several encoders by the recipe of the first, which the others are compared with.

    Args:
        encoders: each as `zoo.load` takes it, or the id of a run.
        overrides: of the first one's recipe.
        voice: where a person reads along.
        page: where to write the report page; None writes none.

    Raises:
        InputError: fewer than two encoders, one twice, one that cannot read the rows of the first, overrides that would
            change nothing, or a page that cannot be written.
    """
    if len(encoders) < 2:
        raise InputError("give two encoders or more, such as: python -m zoo.compare vae_word2vec/1 vae_word2vec/2")
    path = writable_page(page)
    require_effective(overrides, _SECTIONS)
    for option, what in _OF_ONE.items():
        if any(each.partition("=")[0].lstrip("+~") == option for each in overrides):
            raise InputError(f"{option}= has no effect here, where encoders are compared; zoo.judge {what}")
    require_known(encoders)
    everyone = [found(each) for each in encoders]
    for number, each in enumerate(everyone):
        twice = [encoders[place] for place in range(number) if everyone[place].identity == each.identity]
        if twice:
            raise InputError(f"an encoder is named twice: {twice[0]} and {encoders[number]} are the same")
    recipe = everyone[0].recipe(overrides)
    splits: Splits = recipe.build("data").load()
    voice.starting_tensorflow()
    with zoo_settings():
        judge = recipe.build("judge")
        table = judge.scaled(splits)
        representations = [each.on(table, each.name) for each in everyone]
        report, evidence = judge.weigh(representations, recipe.build("metrics"), table)
        notes = tuple(note for each in everyone for note in each.doubts(splits))
        report = replace(report, looks=looks(everyone, splits), notes=notes)
        names = [short_name(each.name, parts=2) for each in everyone]
        purpose = f"{names[0]}, compared with {', '.join(names[1:])} on the same test rows"
        described = {**recipe.public().config, "name": " and ".join(names), "purpose": purpose}
        made, settings = {"compared": ", ".join(encoders)}, recipe.build("page")
        return reviewed(voice, report, None, evidence, recipe=described, made=made, page=path, settings=settings)
