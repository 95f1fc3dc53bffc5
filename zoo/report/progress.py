"""A progress bar on a terminal, one plain line an epoch elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console
    from rich.progress import TaskID


class ProgressReport:
    """A `zoo.types.Listener` that shows epoch, loss, distortion and rate in nats, and the time left.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._epochs, self._steps = 0, 0

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """Starts the bar, where there is a terminal."""
        self._epochs, self._steps = epochs, steps
        if not self._console.is_terminal:
            return
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[means]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=self._console,
        )
        self._progress.start()
        start = f"{first_epoch + 1}/{epochs}"
        self._task = self._progress.add_task(
            "", total=epochs * steps, completed=first_epoch * steps, epoch=start, means=""
        )

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """Moves the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task,
                completed=epoch * self._steps + steps,
                epoch=f"{epoch + 1}/{self._epochs}",
                means=_means(logs),
            )

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Prints a line, where there is no terminal."""
        if self._progress is None:
            validation = f"  val_loss {logs['val_loss']:.3f}" if "val_loss" in logs else ""
            self._console.print(f"epoch {epoch + 1}/{self._epochs}  {_means(logs)}{validation}", highlight=False)

    def train_ends(self) -> None:
        """Takes the bar down."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _means(logs: Mapping[str, float]) -> str:
    shown = [(name, logs[name]) for name in ("loss", "distortion", "rate") if name in logs]
    return "  ".join(f"{name} {float(value):.3f}" for name, value in shown) + (" nats" if shown else "")
