"""Threads that do one thing after another, without what concurrent.futures makes for each."""

from __future__ import annotations

import atexit
import threading
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Threads:
    """So many threads, the first ones when there is something to do. The interpreter waits for them before it ends.

    Args:
        most: threads.
        name: theirs.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._queue: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]] | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._idle, self._lock = 0, threading.Lock()

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        """Does some work, which raises nothing, in a thread. To be called from one thread only."""
        self._queue.put((work, arguments))
        if len(self._threads) < self._most and self._queue.qsize() > self._idle:
            self._start()

    def _start(self) -> None:
        if not self._threads:
            atexit.register(self._end)  # not daemons' end: a thread that is torn out of TensorFlow aborts the process
        thread = threading.Thread(target=self._run, name=f"{self._name} {len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            task = self._queue.get()
            with self._lock:
                self._idle -= 1
            if task is None:
                return
            work, arguments = task
            work(*arguments)
            del task, work, arguments  # an idle thread keeps no request in memory

    def _end(self) -> None:
        for _ in self._threads:
            self._queue.put(None)
        for each in self._threads:
            each.join()
