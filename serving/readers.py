"""The processes that read large bodies, for the threads that have some."""

from __future__ import annotations

import contextlib
import logging
from queue import SimpleQueue
from typing import TYPE_CHECKING

from serving.bodies import Bodies
from serving.reader import READING_PROCESS, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_log = logging.getLogger("serving")


class Readers:
    """So many processes, each for one body at a time.

    Args:
        count: processes.
        largest: bytes that a body may have, inflated.
        program: see `Reader`.
    """

    def __init__(self, count: int, largest: int, program: Sequence[str] = READING_PROCESS) -> None:
        self._largest, self._has_complained = largest, False
        self._idle: SimpleQueue[Reader] = SimpleQueue()
        for _ in range(count):
            self._idle.put(Reader(largest, program))

    @contextlib.contextmanager
    def taken(self) -> Iterator[Reader | Bodies]:
        """One of them, until the block ends; waits for one. Where none starts, bodies are read in this process."""
        reader = self._idle.get()
        try:
            try:
                reader.start()
            except OSError as error:
                if not self._has_complained:
                    _log.warning("%s; large bodies are read in this one, and hold the others up", error)
                self._has_complained = True
                yield Bodies(self._largest)
                return
            with reader:
                yield reader
        finally:
            self._idle.put(reader)
