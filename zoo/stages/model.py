"""The recipe's model, built for a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.errors import InputError
from zoo.keras_settings import choose_backend
from zoo.quiet import import_tensorflow
from zoo.report.messages import kinds_differ
from zoo.train.threshold import require_validation_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from zoo.recipe import Recipe
    from zoo.types import Splits


def built_model(recipe: Recipe, splits: Splits, note: Callable[[str], None], seed: int | None = None) -> Any:
    """Makes the recipe's model with all its weights.

    Args:
        recipe: the recipe.
        splits: the table.
        note: hears of what is allowed, but hardly meant.
        seed: makes the first weights; None takes the recipe's.

    Raises:
        InputError: a model that does not fit the table.
    """
    choose_backend()
    import_tensorflow()
    import keras

    keras.utils.set_random_seed(recipe.seed if seed is None else seed)
    model = recipe.build("model")
    model.apply_schema(splits.schema)
    if model.takes_sparse != splits.is_sparse:
        raise InputError(kinds_differ(model, splits))
    if model.neighbours and splits.stream is not None:
        raise InputError(
            "a graph of nearest neighbours is made of rows in memory, and the table is streamed: leave out the terms "
            "of model.terms that ask for neighbours, or hold the table in memory with data.stream=false"
        )
    if model.latent_dim >= splits.width:
        note(
            f"latent_dim {model.latent_dim} is not smaller than the {splits.width} columns of the rows: "
            f"the code cannot be a smaller vector"
        )
    try:
        model.build((None, *splits.shape))
    except ValueError as error:
        raise InputError(f"the model cannot be built for {splits.kind.in_words()}: {error}") from error
    require_validation_rows(model.false_alarm_rate, splits)
    if (fields := recipe.build("judge").fields) and not model.places:
        raise InputError(
            f"judge.fields={','.join(fields)}: fields have no numbers of their own in the code of "
            f"{type(model.encoder).__name__}; leave it out, or take model.encoder._target_=zoo.networks.FieldEncoders"
        )
    return model
