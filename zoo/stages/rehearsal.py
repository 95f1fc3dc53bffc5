"""The last stages, tried on a few rows before the training: what would fail after an hour fails in seconds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.errors import InputError, one_line
from zoo.quiet import import_tensorflow
from zoo.report.numbers import as_json
from zoo.stages.model import built_model
from zoo.stages.release import documents, example_rows
from zoo.tracking.tracked_run import rehearse_registering
from zoo.types import Report, Trained, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zoo.export.exporter import Exporter
    from zoo.recipe import Recipe
    from zoo.types import Splits


def rehearse(recipe: Recipe, exporter: Exporter, splits: Splits) -> None:
    """Saves, describes and exports a model that is not trained, and leaves nothing of it.

    The model is one of its own, so that the one that will be trained starts as it would have without this.

    Raises:
        InputError: parts that cannot be saved or exported, rows or keys that cannot be written.
        ZooError: a store that cannot be written.
    """
    model = built_model(recipe, splits, lambda _: None)
    errors = (ValueError, TypeError, NotImplementedError, AttributeError, import_tensorflow().errors.OpError)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            model.save(Path(scratch) / "model.keras")
        as_json(splits.provenance)
        rehearse_registering(splits.kind, example_rows(splits), model.latent_dim)
        exporter.rehearse(recipe.name, model, splits, _documents(recipe, model, splits))
    except errors as error:
        raise InputError(
            f"the encoder could not be exported after its training, as a rehearsal shows: "
            f"{type(error).__name__}: {one_line(error)}"
        ) from error


def _documents(recipe: Recipe, model: Any, splits: Splits) -> Mapping[str, str]:
    """The documents of an encoder that is not judged yet."""
    nothing = Report({"encoder": {}}, {}, {"encoder": model.latent_dim}, {}, {}, confidence=0.95, resamples=0)
    trained = Trained(model, model, history=(), best_epoch=-1, seconds=0.0)
    return documents(recipe, splits, trained, nothing, Verdict(blessed=False, gates=()), "rehearsal")
