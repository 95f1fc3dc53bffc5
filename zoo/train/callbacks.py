"""The Keras callbacks that a `Trainer` puts together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import keras

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

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


class TrainBegin(keras.callbacks.Callback):
    """Does something as training begins, at its place among the callbacks."""

    def __init__(self, *hooks: Callable[[], None]) -> None:
        super().__init__()
        self.hooks = hooks

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Calls every hook."""
        del logs
        for hook in self.hooks:
            hook()


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
