"""What starts trainings in processes of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from zoo.errors import ZooError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from zoo.launchers.candidate import Candidate, Ended


class LostError(ZooError):
    """Trainings that can no longer be started there; what is not trained yet must be trained otherwise."""


class Launcher(Protocol):
    """Trains candidates in processes of their own, wherever these are; what it starts is gone when its block ends.

    Attributes:
        where: that is, in a few words; "" for this machine.
    """

    @property
    def where(self) -> str:
        """See above."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *raised: Any) -> None: ...

    def train(self, candidates: Sequence[Candidate], at_once: int, memory: int | None) -> Iterator[Ended]:
        """Trains them; what ends first comes first.

        Args:
            candidates: what to train; each keeps what it comes to in its state and its tracked run.
            at_once: how many, at most.
            memory: bytes that each holds; None where nobody knows.

        Raises:
            LostError: a process that ended has taken others along.
        """
