"""The Keras callbacks that a `Trainer` puts together."""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any

import keras
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from zoo.types import Listener


class EpochStart(keras.callbacks.Callback):
    """Tells those who keep schedules that an epoch starts."""

    def __init__(self, *hooks: Callable[[int], None]) -> None:
        super().__init__()
        self.hooks = hooks

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Calls every hook with the epoch, from 0."""
        del logs
        for hook in self.hooks:
            hook(epoch)


class Plateau(keras.callbacks.ReduceLROnPlateau):
    """Keras' learning-rate plateau, blind to the epochs in which a warm-up still changes the loss' meaning."""

    def __init__(self, start_from_epoch: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.start_from_epoch = start_from_epoch

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """As Keras, from `start_from_epoch` on."""
        if epoch >= self.start_from_epoch:
            super().on_epoch_end(epoch, logs)


class FiniteLoss(keras.callbacks.Callback):
    """Stops at a non-finite loss and puts good weights back: the best epoch's, else those of the last that ended well.

    Args:
        early: the callback that keeps the best weights; it must come before this one.
    """

    def __init__(self, early: keras.callbacks.EarlyStopping) -> None:
        super().__init__()
        self.broken_epoch: int | None = None
        self._early, self._epoch = early, 0
        self._good: list[np.ndarray] = []

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Keeps the weights that the first epoch starts from: a resumed run's are there only now."""
        del logs
        self._epoch = epoch
        if not self._good:
            self._good = self.model.get_weights()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the running means."""
        del batch
        self._check(logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Looks at the means of training and validation; good ones make the weights the last good ones."""
        del epoch
        self._check(logs)
        if self.broken_epoch is None:
            self._good = self.model.get_weights()

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Puts the last good weights back, if the loss broke before there was a best epoch."""
        del logs
        best = self._early.best  # keras keeps weights even of a first epoch whose loss is NaN
        if self.broken_epoch is not None and (best is None or not math.isfinite(best)):
            self.model.set_weights(self._good)

    def _check(self, logs: Mapping[str, float] | None) -> None:
        losses = [float(value) for name, value in (logs or {}).items() if name in {"loss", "val_loss"}]
        if self.broken_epoch is None and not all(math.isfinite(loss) for loss in losses):
            self.broken_epoch = self._epoch
            self.model.stop_training = True


class Checkpoint(keras.callbacks.Callback):
    """Saves the whole state of training after each epoch, and takes a saved one up.

    After `read`, `history` holds the epochs that were run and `finished` says whether training had stopped early.

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
        self._loaded: dict[str, Any] = {}

    def read(self) -> int:
        """Reads a saved state, if there is one, and returns the epoch (from 0) to go on with."""
        if not self.path.is_file():
            return 0
        with np.load(self.path, allow_pickle=False) as arrays:
            self._loaded = {name: arrays[name] for name in arrays.files}
        self.history = json.loads(str(self._loaded["history"]))
        self.finished = bool(json.loads(str(self._loaded["scalars"]))["stopped"])
        return len(self.history)

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Puts the state that `read` found into the model, its optimizer and the kept callbacks."""
        del logs
        if not self._loaded:
            return
        for i, variable in enumerate(self._variables()):
            variable.assign(self._loaded[f"variable_{i}"])
        scalars = json.loads(str(self._loaded["scalars"]))
        for c, (callback, names) in enumerate(self.kept):
            for name in names:
                key = f"{c}_{name}"
                arrays = [self._loaded[f"{key}_{i}"] for i in range(scalars.get(f"{key}_length", 0))]
                setattr(callback, name, arrays or scalars.get(key))

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Writes the state."""
        del epoch
        self.history.append({name: float(value) for name, value in (logs or {}).items()})
        if not all(math.isfinite(value) for value in self.history[-1].values()):
            return
        arrays: dict[str, Any] = {f"variable_{i}": np.asarray(v) for i, v in enumerate(self._variables())}
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
        os.replace(temporary, self.path)  # noqa: PTH105  the same call, named for what it guarantees

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]


class Announce(keras.callbacks.Callback):
    """Passes Keras' events on to listeners."""

    def __init__(self, listeners: Sequence[Listener], epochs: int, first_epoch: int, steps: int) -> None:
        super().__init__()
        self.listeners, self._plan, self._epoch = listeners, (epochs, first_epoch, steps), 0

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Passes it on."""
        del logs
        for listener in self.listeners:
            listener.train_begins(*self._plan)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Remembers which epoch it is."""
        del logs
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Mapping[str, float] | None = None) -> None:
        """Passes it on; batch counts from 0."""
        steps = min(batch + 1, self._plan[2])
        for listener in self.listeners:
            listener.steps_done(self._epoch, steps, logs or {})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Passes it on."""
        means = {name: float(value) for name, value in (logs or {}).items()}
        for listener in self.listeners:
            listener.epoch_ends(epoch, means)
