"""Training a built model, to the point where it can be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zoo.stages.calibration import calibrated

if TYPE_CHECKING:
    from pathlib import Path

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.types import Listener, Splits, Trained


def trained_model(
    recipe: Recipe,
    exporter: Exporter,
    voice: Voice,
    *,
    model: Any,
    splits: Splits,
    state: Path,
    listeners: tuple[Listener, ...],
) -> Trained:
    """Trains a model as the recipe says, and calibrates it.

    Args:
        recipe: the recipe.
        exporter: knows the precision that the model is rounded to.
        voice: says how it went.
        model: a built model.
        splits: the table.
        state: file that an interrupted training is taken up from.
        listeners: hear how training goes.
    """
    trained = recipe.build("train").fit(model, splits, seed=recipe.seed, state=state, listeners=listeners)
    voice.trained(trained)
    return calibrated(trained, exporter, splits)
