"""How far a job is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from rich.console import Console

    from zoo.tables.table import Block

_PAUSE = 30  # seconds between lines


class Progress:
    """Shows the rows that are encoded, and the time left.

    Args:
        console: where to.
        blocks: all of the job.
        missing: those that are not encoded yet.
    """

    def __init__(self, console: Console, blocks: Sequence[Block], missing: Sequence[Block]) -> None:
        self._console = console
        self._total = sum(block.rows for block in blocks)
        self._done = self._total - sum(block.rows for block in missing)
        self._shown = time.monotonic()
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal and not self._console.quiet:
            columns = (BarColumn(bar_width=24), MofNCompleteColumn(), TextColumn("rows"), TimeElapsedColumn())
            self._bar = Bar(*columns, TextColumn("left"), TimeRemainingColumn(), console=self._console)
            self._bar.start()
            self._task = self._bar.add_task("", total=self._total, completed=self._done)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def done(self, block: Block) -> None:
        """One more block is finished."""
        self._done += block.rows
        if self._bar is not None:
            self._bar.update(self._task, completed=self._done)
        elif time.monotonic() - self._shown > _PAUSE:
            self._shown = time.monotonic()
            self._console.print(f"{self._done:,} of {self._total:,} rows", highlight=False)
