"""A progress bar on a terminal; one plain line an epoch, there and elsewhere, which stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console
    from rich.progress import TaskID

_MEANS = ("loss", "distortion", "rate")
_MEAN_WIDTH = 10  # such as " 12345.678"
_BAR_WIDTH, _SHORTEST_BAR = 24, 8
_TIMES_WIDTH = len(" 0:00:00 left 0:00:00")


class ProgressReport:
    """A `zoo.types.Listener` that shows epoch, steps, loss, distortion and rate in nats, and the time left.

    On a narrow terminal the bar says less; the lines of the epochs say the rest.

    Args:
        console: where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._epochs, self._steps = 0, 0
        self._means: Sequence[str] = ()

    def train_begins(self, epochs: int, first_epoch: int, steps: int) -> None:
        """Starts the bar, where there is a terminal."""
        self._epochs, self._steps = epochs, steps
        if not self._console.is_terminal or self._console.quiet:
            return
        total = epochs * steps
        bar, self._means = _layout(self._console.width, f"epoch {epochs}/{epochs} {total}/{total} steps")
        columns: list[ProgressColumn] = [TextColumn("epoch {task.fields[epoch]}")]
        columns += [BarColumn(bar_width=bar)] if bar else []
        columns += [MofNCompleteColumn(), TextColumn("steps")]
        columns += [TextColumn("{task.fields[means]}")] if self._means else []
        columns += [TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn()]
        self._progress = Progress(*columns, console=self._console)
        self._progress.start()
        start = f"{first_epoch + 1}/{epochs}"
        self._task = self._progress.add_task("", total=total, completed=first_epoch * steps, epoch=start, means="")

    def steps_done(self, epoch: int, steps: int, logs: Mapping[str, float]) -> None:
        """Moves the bar."""
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task,
                completed=epoch * self._steps + steps,
                epoch=f"{epoch + 1}/{self._epochs}",
                means=_in_words(logs, self._means),
            )

    def epoch_ends(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Prints a line; of means that do not fit the terminal, loss and val_loss."""
        validation = f"  val_loss {logs['val_loss']:.3f}" if "val_loss" in logs else ""
        start = f"epoch {epoch + 1}/{self._epochs}  "
        forms = [f"{start}{_in_words(logs, means)}{validation}" for means in (_MEANS, _MEANS[:1])]
        fitting = [form for form in forms if len(form) <= self._console.width]
        self._console.print((fitting or forms[1:])[0], highlight=False, soft_wrap=True)

    def train_ends(self) -> None:
        """Takes the bar down."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None


def _layout(width: int, always: str) -> tuple[int, Sequence[str]]:
    """The width of the bar, 0 for none, and the means beside it, for a terminal's width and what is always there."""
    spare = width - len(always) - _TIMES_WIDTH
    for means in (_MEANS, _MEANS[:1], ()):
        taken = sum(2 + len(name) + _MEAN_WIDTH for name in means) + (len(" nats") if means else 0)
        if spare - taken > _SHORTEST_BAR:
            return min(_BAR_WIDTH, spare - taken - 1), means
    return 0, ()


def _in_words(logs: Mapping[str, float], means: Sequence[str]) -> str:
    shown = [(name, logs[name]) for name in means if name in logs]
    return "  ".join(f"{name} {float(value):.3f}" for name, value in shown) + (" nats" if shown else "")
