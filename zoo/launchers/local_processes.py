"""Trainings in processes of this machine."""

from __future__ import annotations

import os
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any

from zoo.launchers.launcher import LostError
from zoo.launchers.training import trained

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from zoo.launchers.candidate import Candidate, Ended


class LocalProcesses:
    """A `Launcher` by joblib's loky, whose processes train one candidate after another."""

    where = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: Any) -> None:
        """Leaves the processes to joblib, which ends those that have nothing to do."""

    def train(self, candidates: Sequence[Candidate], at_once: int, memory: int | None) -> Iterator[Ended]:  # noqa: ARG002
        """See `Launcher`. A process that is killed ends the others."""
        from joblib import Parallel, delayed

        threads = max(1, (os.cpu_count() or 1) // at_once)
        # joblib runs what has one worker in this process; a second one without work leaves it apart
        started = Parallel(
            max(at_once, 2), backend="loky", return_as="generator_unordered", batch_size=1, pre_dispatch=at_once
        )
        try:
            yield from started(delayed(trained)(candidate, threads) for candidate in candidates)
        except BrokenProcessPool as error:
            raise LostError("a training process was killed (for want of memory?)") from error
