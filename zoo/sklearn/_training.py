"""Training a recipe on a table, and the encoder that comes of it, without a registry, a store or a word."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from zoo.cli.arguments import open_console
from zoo.encoder import Encoder
from zoo.folders import TemporaryFolder
from zoo.keras_settings import zoo_settings
from zoo.rows.example_schema import SCHEMA_FILE, schema_of
from zoo.stages.model import built_model
from zoo.stages.training import trained_model
from zoo.stages.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zoo.recipe import Recipe
    from zoo.types import Floats, Splits, Trained


def trained_on(recipe: Recipe, splits: Splits, *, verbose: bool) -> Trained:
    """Trains the recipe's model with one seed, and calibrates it, as a run does.

    Raises:
        zoo.errors.InputError: a model that does not fit the table, or too few rows.
    """
    voice, notes = Voice(open_console(quiet=not verbose)), list[str]()
    listeners = (voice.progress(),) if verbose else ()
    with _random_states_kept(), zoo_settings(), tempfile.TemporaryDirectory(prefix="zoo-") as folder:
        model = built_model(recipe, splits, notes.append)
        for note in notes:
            voice.note(note)
        trained = trained_model(
            recipe,
            recipe.build("export"),
            voice,
            model=model,
            splits=splits,
            state=Path(folder) / "state.npz",
            listeners=listeners,
        )
    return dataclasses.replace(trained, notes=(*splits.notes, *notes, *trained.notes))


def encoder_of(recipe: Recipe, trained: Trained, splits: Splits) -> Encoder:
    """The encoder in memory; it is exported, to a temporary folder, when it is first saved or pickled."""
    model, kind, scale = trained.model, splits.kind, trained.code_scale
    documents = {"recipe.yaml": recipe.public().yaml(), SCHEMA_FILE: schema_of(kind)}
    precision = recipe.build("export").precision

    @cache
    def exported() -> TemporaryFolder:
        from zoo.export._signatures import write_saved_model

        folder = TemporaryFolder()
        with zoo_settings():
            write_saved_model(folder.path / "encoder", model, kind, precision, scale)
        for name, content in documents.items():
            path = folder.path / "encoder" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    encoder = Encoder.from_model(recipe.name, model, kind=kind, code_scale=scale)
    return encoder.with_files(lambda: exported().path / "encoder")


def scores_of_table(encoder: Encoder, model: Any, splits: Splits) -> Floats:
    """Scores [n] of a table's rows as if each were new: those that the model keeps do not find themselves.

    Raises:
        zoo.errors.InputError: too few kept rows for that.
    """
    scores = encoder.call("score", splits.inputs(np.arange(len(splits))))
    kept = splits.train[model.kept_rows(len(splits.train))]
    if len(kept):
        scores[kept] = encoder.call("score_kept", splits.inputs(kept))
    return scores


@contextlib.contextmanager
def _random_states_kept() -> Iterator[None]:
    """Puts back the states of Python's and NumPy's shared generators, which Keras seeds for its first weights."""
    python, shared = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(shared)
