"""That a process which was told to stop does, whatever still runs in it."""

from __future__ import annotations

import logging
import os
import sys
import threading

_log = logging.getLogger("serving")


class End:
    """The end of the process, at the latest so many seconds after it was told to stop, or when it is told again.

    Python waits for every thread before it ends, and TensorFlow for every run of a graph; neither can be broken off.

    Args:
        seconds: as above.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds, self._has_begun = seconds, False

    def begin(self) -> None:
        """The process was told to stop."""
        if self._has_begun:
            self._now("told to stop again: ending at once")
            return
        self._has_begun = True
        words = f"requests, or models that load, went on for {self._seconds:g} s after the signal: ending without them"
        timer = threading.Timer(self._seconds, self._now, [words])
        timer.daemon = True
        timer.start()

    @staticmethod
    def _now(words: str) -> None:
        _log.warning(words)
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)
