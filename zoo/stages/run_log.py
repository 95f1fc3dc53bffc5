"""What a tracked run keeps, beside the means of its epochs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.environment import facts
from zoo.report.numbers import as_json, flat, score_metrics

if TYPE_CHECKING:
    from zoo.recipe import Recipe
    from zoo.tracking.tracked_run import TrackedRun
    from zoo.types import Report, Splits, Trained, Verdict


MODEL_FILE = "model.keras"


def log_start(run: TrackedRun, recipe: Recipe, splits: Splits) -> None:
    """Keeps what the run was told, and what it runs on."""
    run.log_text(recipe.yaml(), "recipe.yaml")
    run.log_text(as_json(splits.provenance), "data.json")
    run.log_parameters(flat(recipe.config))
    run.log_tags(
        {
            "zoo.recipe": recipe.name,
            "zoo.overrides": " ".join(recipe.overrides),
            "zoo.data.fingerprint": splits.provenance.get("fingerprint"),
            "mlflow.source.git.commit": facts()["git"],
            **{f"zoo.version.{package}": version for package, version in facts().items() if package != "git"},
        }
    )


def log_end(run: TrackedRun, trained: Trained, report: Report, verdict: Verdict) -> None:
    """Keeps the model, its scores and the verdict."""
    with tempfile.TemporaryDirectory() as scratch:
        model = Path(scratch) / MODEL_FILE
        trained.model.save(model)
        run.log_file(model)
    run.log_metrics({"train_seconds": trained.seconds, "best_epoch": trained.best_epoch + 1})
    run.log_tags({"zoo.train.precision": trained.precision})
    run.log_metrics(dict(score_metrics(report)))
    run.log_text(as_json(report), "report.json")
    run.log_text(as_json(verdict), "verdict.json")
    run.log_tags({"zoo.blessed": verdict.blessed})
