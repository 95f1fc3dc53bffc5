"""What a tracked run keeps, beside the means of its epochs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import facts
from zoo.report.numbers import as_json, flat, score_metrics, seed_metrics
from zoo.stages.row_digests import TRAINING_KEYS, write_training_keys
from zoo.tracking._registry import RECIPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zoo.recipe import Recipe
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Report, Splits, Trained, Verdict


MODEL_FILE = "model.keras"


def log_start(run: TrackedRun, recipe: Recipe, splits: Splits) -> None:
    """Keeps what the run was told, and what it runs on."""
    recipe = recipe.public()
    run.log_text(recipe.yaml(), "recipe.yaml")
    if recipe.written:
        run.log_text(recipe.written, "recipe_written_for_the_data.yaml")
    run.log_text(as_json(splits.provenance), "data.json")
    run.log_parameters(flat(recipe.config))
    run.log_tags(
        {
            RECIPE: recipe.name,
            "zoo.overrides": " ".join(recipe.overrides),
            "zoo.data.fingerprint": splits.provenance.get("fingerprint"),
            "mlflow.source.git.commit": facts()["git"],
            **{f"zoo.version.{package}": version for package, version in facts().items() if package != "git"},
        }
    )


def log_trained(run: TrackedRun, trained: Trained, splits: Splits) -> None:
    """Keeps the model, and which rows it was made from."""
    with tempfile.TemporaryDirectory() as scratch:
        model, keys = Path(scratch) / MODEL_FILE, Path(scratch) / TRAINING_KEYS
        trained.model.save(model)
        run.log_file(model)
        if splits.stream is None:  # of rows that memory does not hold no record is kept: it would grow with them
            write_training_keys(keys, splits)
            run.log_file(keys)
    run.log_metrics({"train_seconds": trained.seconds, "best_epoch": trained.best_epoch + 1})
    run.log_tags({"zoo.train.precision": trained.precision})


def log_end(run: TrackedRun, report: Report, verdict: Verdict, seeds: Sequence[TrackedRun] = ()) -> None:
    """Keeps the scores and the verdict; the scores of each of several seeds with its own run."""
    for place, child in enumerate(seeds if report.seeds else ()):
        child.log_metrics({f"encoder.{metric}": points[place] for metric, points in report.seeds.items()})
        child.log_tags({"zoo.released": place == report.released})
    run.log_metrics(dict(seed_metrics(report)))
    run.log_metrics(dict(score_metrics(report)))
    run.log_text(as_json(report), "report.json")
    run.log_text(as_json(verdict), "verdict.json")
    run.log_tags({"zoo.blessed": verdict.blessed})
