"""What training hands on, and who listens to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping


class LayerArguments(TypedDict, total=False):
    """What every part hands on to Keras."""

    name: str
    dtype: str


class Listener(Protocol):
    """Hears how training goes; progress bars and trackers are listeners."""

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """Training is about to run epochs first_epoch (from 0) to epochs - 1, each of `steps` batches."""

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """`steps` batches of the epoch (from 0) are done; logs holds the epoch's running means so far."""

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """An epoch (from 0) is over; logs holds its means in nats, validation's with the prefix `val_`."""

    def train_ends(self) -> None:
        """Training is over, however it ended."""


@dataclass(frozen=True)
class Trained:
    """A trained model and how it came about.

    Attributes:
        model: the model, with the weights of its best epoch.
        untrained: the same model with its weights before training (preprocessing adapted).
        history: one dictionary of means an epoch, in nats.
        best_epoch: the epoch (from 0) whose weights the model has; -1 if it kept its first weights.
        seconds: wall-clock time of training in this process.
        resumed_epoch: the epoch (from 0) that an interrupted run was taken up at; 0 for a fresh run.
        notes: what the user must be told, such as a stop on a non-finite loss.
        code_scale: what a step of the embedding stands for, if it is to be exported as int8; None for float32.
        precision: what the networks computed in while they were trained, `float32` or `bfloat16`.
        seed: of its weights, noise and order of rows.
    """

    model: Any
    untrained: Any
    history: tuple[Mapping[str, float], ...]
    best_epoch: int
    seconds: float
    resumed_epoch: int = 0
    notes: tuple[str, ...] = ()
    code_scale: float | None = None
    precision: str = "float32"
    seed: int = 0
