"""Candidates of a sweep trained side by side, before the sweep looks at them in turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zoo.launchers.launcher import LostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from zoo.launchers.candidate import Candidate, Ended
    from zoo.launchers.launcher import Launcher

_GIB = 2**30


class SideBySide:
    """Trains candidates in several processes; what each comes to lies in its state and its tracked run.

    Args:
        launcher: starts the processes.
        jobs: processes at once, at most; None for as many as the launcher has room for.
        max_memory: GiB that they may hold together: the first is then trained alone, and what it took says how many
            there is room for. None for no limit.
    """

    def __init__(self, launcher: Launcher, jobs: int | None, max_memory: float | None = None) -> None:
        self._launcher, self._jobs, self._max_memory = launcher, jobs, max_memory

    def __str__(self) -> str:
        """How candidates are trained, such as `2 at once`."""
        at_once = "" if self._jobs is None else f"{self._jobs} at once"
        return " ".join(filter(None, [at_once, self._launcher.where]))

    def train(self, candidates: Sequence[Candidate], say: Callable[[str], None]) -> None:
        """Trains all, or as many as can be.

        Args:
            candidates: at least one.
            say: takes a line for a person.
        """
        with self._launcher:
            try:
                for ended in self._trained(candidates, say):
                    say(_told(ended))
            except LostError as error:
                say(f"{error}: what is not trained yet is trained one by one")

    def _trained(self, candidates: Sequence[Candidate], say: Callable[[str], None]) -> Iterator[Ended]:
        waiting, most = list(candidates), self._jobs or len(candidates)
        at_once, memory = min(most, len(waiting)), 0
        if self._max_memory is not None and at_once > 1:
            while waiting and not memory:
                for ended in self._launcher.train([waiting.pop(0)], 1, None):
                    yield ended
                    memory = ended.peak
            at_once = max(1, min(at_once, int(self._max_memory * _GIB // max(memory, 1))))
            if waiting and at_once < most:
                say(
                    f"one training holds {memory / _GIB:.1f} GiB: {at_once} at once fit in "
                    f"--max-memory {self._max_memory:g}"
                )
        yield from self._launcher.train(waiting, at_once, memory or None)


def _told(ended: Ended) -> str:
    what = f"failed: {ended.failure}" if ended.failure else f"trained in {ended.seconds:.0f} s"
    return f"{ended.name or 'the recipe as it is'}: {what}"
