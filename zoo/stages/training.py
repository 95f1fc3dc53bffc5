"""Training built models, to the point where they can be judged."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.stages.calibration import calibrated
from zoo.stages.model import built_model

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.run_state import RunState
    from zoo.stages.voice import Voice
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.tracking.tracker import Tracker
    from zoo.types import Listener, Splits, Trained


@dataclass(frozen=True)
class Models:
    """What training came to.

    Attributes:
        trained: a trained model for each seed.
        runs: the tracked run of each; the run itself where there is one seed.
        released: which of them is exported if they are blessed.
    """

    trained: tuple[Trained, ...]
    runs: tuple[TrackedRun, ...]
    released: int = 0

    @property
    def chosen(self) -> Trained:
        """The model that is exported if they are blessed."""
        return self.trained[self.released]

    @property
    def others(self) -> tuple[Trained, ...]:
        """The models of the other seeds."""
        return self.trained[: self.released] + self.trained[self.released + 1 :]

    @property
    def loss(self) -> float:
        """The validation loss of the weights that were kept, the mean over the seeds."""
        return float(np.mean([_loss(each) for each in self.trained]))


def trained_models(
    recipe: Recipe,
    tracker: Tracker,
    exporter: Exporter,
    voice: Voice,
    *,
    run: TrackedRun,
    splits: Splits,
    state: RunState,
) -> Models:
    """Trains a model for each seed that the recipe asks for; several ones in child runs of `run`.

    Of several, the one to be released is that of the median validation loss: a typical one, chosen without a look at
    the rows that judge them.

    Args:
        recipe: the recipe.
        tracker: keeps the child runs.
        exporter: knows the precision that models are rounded to.
        voice: says how it goes.
        run: the tracked run.
        splits: the table.
        state: of the run, which an interrupted training is taken up from.
    """
    count = recipe.build("train").seeds
    if count == 1:
        model = built_model(recipe, splits, voice.note)
        listeners = (voice.progress(), run)
        trained = trained_model(
            recipe, exporter, voice, model=model, splits=splits, state=state.training, listeners=listeners
        )
        return Models((trained,), (run,))
    models, runs = [], []
    for number in range(count):
        seed, part = recipe.seed + number, state.part(f"seed_{number}")
        voice.seed(number + 1, count, seed)
        name = f"{recipe.name} seed {seed}"
        with tracker.run(name, parent=run.run_id, experiment=run.experiment, resume=part.run_id) as child:
            part.remember(child.run_id)
            child.log_tags({"zoo.seed": seed})
            model = built_model(recipe, splits, voice.note if number == 0 else lambda _: None, seed)
            models.append(
                trained_model(
                    recipe,
                    exporter,
                    voice,
                    model=model,
                    splits=splits,
                    state=part.training,
                    listeners=(voice.progress(), child),
                    seed=seed,
                )
            )
            runs.append(child)
    return Models(tuple(models), tuple(runs), _median(models))


def trained_model(
    recipe: Recipe,
    exporter: Exporter,
    voice: Voice,
    *,
    model: Any,
    splits: Splits,
    state: Path,
    listeners: tuple[Listener, ...],
    seed: int | None = None,
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
        seed: of the order of the rows; None takes the recipe's.
    """
    seed = recipe.seed if seed is None else seed
    trained = recipe.build("train").fit(model, splits, seed=seed, state=state, listeners=listeners)
    voice.trained(trained)
    return calibrated(dataclasses.replace(trained, seed=seed), exporter, splits)


def _median(models: Sequence[Trained]) -> int:
    """The model in the middle by validation loss, the better one of two in the middle; losses that broke come last."""
    return int(np.argsort([_loss(each) for each in models], kind="stable")[(len(models) - 1) // 2])


def _loss(trained: Trained) -> float:
    kept = trained.history[trained.best_epoch] if trained.best_epoch >= 0 else {}
    return float(kept.get("val_loss", np.nan))
