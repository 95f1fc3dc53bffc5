"""The other workers of a run: they train along, and leave all else to the first."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import code_digest
from zoo.errors import InputError
from zoo.run_state import digest
from zoo.stages.model import built_model
from zoo.train.tf_config import task

if TYPE_CHECKING:
    from zoo.recipe import Recipe
    from zoo.stages.voice import Voice
    from zoo.types import Splits

_MANY = "multi_worker"


def worker(recipe: Recipe) -> int:
    """Which of several workers this process is, from 0; worker 0 judges, writes and publishes.

    Raises:
        InputError: TF_CONFIG does not say so, or the recipe trains more than workers can go along with.
    """
    trainer = recipe.build("train")
    if getattr(trainer, "strategy", "none") != _MANY:
        return 0
    if trainer.folds:
        raise InputError(
            f"train.folds={trainer.folds} with train.strategy={_MANY}: workers share one training, not a "
            f"cross-validation; run the folds with train.strategy=none or mirrored"
        )
    return task().index


def require_alone(recipe: Recipe) -> None:
    """Raises InputError for a sweep over several workers."""
    if getattr(recipe.build("train"), "strategy", "none") == _MANY:
        raise InputError(
            f"train.strategy={_MANY} in a sweep: workers share one training; give each setting a run of its own"
        )


def meet(recipe: Recipe, voice: Voice) -> None:
    """Meets the other workers, before TensorFlow's first operation: reading a table may be that.

    Raises:
        ZooError: they cannot be met.
    """
    if getattr(recipe.build("train"), "strategy", "none") == _MANY:
        from zoo.train.workers import Workers

        voice.step(f"waiting for the workers at {', '.join(task().addresses)}")
        Workers.of(_MANY)


def join(recipe: Recipe, splits: Splits, voice: Voice) -> None:
    """Sees that all workers are given the same.

    Raises:
        InputError: another worker has another recipe, other data or another version of the zoo.
    """
    strategy = getattr(recipe.build("train"), "strategy", "none")
    if strategy == "none":
        return
    from zoo.train.workers import Workers

    workers = Workers.of(strategy)
    voice.say(
        f"training on {workers.replicas} replicas" if workers.replicas > 1 else "there is one replica to train on"
    )
    shared = json.dumps([recipe.config[part] for part in ("seed", "model", "train")], sort_keys=True, default=str)
    workers.require_the_same(digest(shared, str(splits.provenance.get("fingerprint")), code_digest(recipe.config)))


def trained_along(recipe: Recipe, splits: Splits) -> None:
    """Trains what worker 0 trains, step by step, and keeps nothing of it."""
    trainer = recipe.build("train")
    for seed in range(recipe.seed, recipe.seed + trainer.seeds):
        model = built_model(recipe, splits, lambda _: None, seed)
        with tempfile.TemporaryDirectory() as scratch:
            trainer.fit(model, splits, seed=seed, state=Path(scratch) / "training.npz")
