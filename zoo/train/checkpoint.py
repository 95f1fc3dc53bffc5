"""The state of training, kept after each epoch."""

from __future__ import annotations

import json
import math
from itertools import count
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

from zoo.errors import one_line
from zoo.folders import put_in_place

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole state of training after each epoch, and takes a saved one up.

    After `read`, `history` holds the epochs that were run, `finished` says whether training had stopped early, and
    `note` what became of a file that could not be used.

    The state is the model's variables (seeds of the noise included), the optimizer's, and the named attributes of
    other callbacks, so that a resumed run goes on as the uninterrupted one would have. Put it behind those callbacks.

    Args:
        path: file to keep the state in; replaced whole, never half-written.
        kept: callbacks and the names of the attributes to keep; an attribute is a number, None, or a list of arrays.
    """

    def __init__(self, path: Path, kept: Sequence[tuple[keras.callbacks.Callback, Sequence[str]]]) -> None:
        super().__init__()
        self.path, self.kept = path, kept
        self.history: list[dict[str, float]] = []
        self.finished = False
        self.note = ""
        self._loaded: dict[str, Any] = {}
        self._scalars: dict[str, Any] = {}

    def read(self, model: keras.Model) -> int:
        """Reads a saved state, if there is one, and returns the epoch (from 0) to go on with.

        A file that is damaged, or is the state of another model, is set aside, and training starts afresh.

        Args:
            model: the compiled model that the state will be put into.
        """
        if not self.path.exists():
            return 0
        shapes = [tuple(variable.shape) for variable in _variables(model)]
        try:
            self._load(shapes)
        except PermissionError:
            raise  # nothing is wrong with the file
        except Exception as error:  # there is no telling what NumPy makes of a damaged file
            self._set_aside(error)
        return len(self.history)

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Puts the state that `read` found into the model, its optimizer and the kept callbacks."""
        del logs
        if not self._loaded:
            return
        for i, variable in enumerate(_variables(self.model)):
            variable.assign(self._loaded[f"variable_{i}"])
        for c, (callback, names) in enumerate(self.kept):
            for name in names:
                key = f"{c}_{name}"
                arrays = [self._loaded[f"{key}_{i}"] for i in range(self._scalars.get(f"{key}_length", 0))]
                setattr(callback, name, arrays or self._scalars.get(key))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the state."""
        del epoch
        self.history.append({name: float(value) for name, value in (logs or {}).items()})
        if not all(math.isfinite(value) for value in self.history[-1].values()):
            return
        arrays: dict[str, Any] = {f"variable_{i}": np.asarray(v) for i, v in enumerate(_variables(self.model))}
        scalars: dict[str, Any] = {"stopped": self.model.stop_training}
        for c, (callback, names) in enumerate(self.kept):
            for name in names:
                key, value = f"{c}_{name}", getattr(callback, name)
                if isinstance(value, list):
                    scalars[f"{key}_length"] = len(value)
                    arrays |= {f"{key}_{i}": array for i, array in enumerate(value)}
                else:
                    scalars[key] = None if value is None else float(value)
        temporary = self.path.with_suffix(".partial")
        with temporary.open("wb") as file:
            arrays |= {"history": np.asarray(json.dumps(self.history)), "scalars": np.asarray(json.dumps(scalars))}
            np.savez(file, **arrays)
        put_in_place(temporary, self.path)

    def _load(self, shapes: Sequence[tuple[int, ...]]) -> None:
        """Reads the file whole before anything is taken from it; raises whatever is wrong with it."""
        with self.path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            loaded = {name: arrays[name] for name in arrays.files}
        history, scalars = (json.loads(str(loaded[name])) for name in ("history", "scalars"))
        saved = [loaded[f"variable_{i}"].shape for i in range(sum(name.startswith("variable_") for name in loaded))]
        if saved != list(shapes):
            raise ValueError("it is the state of another model")
        self._loaded, self._scalars, self.history, self.finished = loaded, scalars, history, bool(scalars["stopped"])

    def _set_aside(self, error: Exception) -> None:
        names = (self.path.with_name(f"{self.path.name}.damaged{number or ''}") for number in count())
        aside = next(name for name in names if not name.exists())
        self.path.rename(aside)
        self.note = (
            f"the state of an interrupted training cannot be used ({one_line(error)}): it is set aside as {aside} "
            f"until this run is over, and training starts afresh"
        )


def _variables(model: keras.Model) -> list[Any]:
    return [*model.variables, *model.optimizer.variables]
