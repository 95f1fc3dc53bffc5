"""Numbers on their way to a store: training writes them to a file and goes on, a thread sends them.

MLflow's own asynchronous logging (`log_batch(synchronous=False)`, 3.17) holds none of these promises: its queue is in
memory and has no bound, ten threads send in no order, and a batch that fails is a line in a log, and lost.
"""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

from zoo.errors import ZooError, one_line
from zoo.tracking._patience import LIMIT, PAUSE, is_away, say, too_long, waiting, waiting_shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BYTES_AT_ONCE = 65_536  # of the file, in one request; all that is ever in memory
_Point = tuple[str, float, int, int]  # name, value, milliseconds since 1970, step


class Outbox:
    """The metrics of one run, sent in their order, and kept in a file until the store has them.

    A file that an interrupted process has left is sent first. What was sent and not yet struck from the file when a
    process was killed is sent again, which the store takes for what it has: a metric is known by name, value, time and
    step.

    Args:
        client: an MLflow client that does not wait.
        uri: of its store.
        run_id: the run.
        file: where they are kept; it is gone once all is sent.

    Attributes:
        path: of the file.
    """

    def __init__(self, client: Any, uri: str, run_id: str, file: Path) -> None:
        self._client, self._uri, self._run_id, self.path = client, uri, run_id, file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = file.open("ab")
        self._written, self._sent = file.stat().st_size, 0
        self._changed = threading.Condition()
        self._away: Exception | None = None
        self._refused: Exception | None = None
        self._waited_for = self._closed = False
        if self._written:
            self._append(b"\n")  # ends what a kill may have cut off
        threading.Thread(target=self._work, name="metrics to MLflow", daemon=True).start()

    def put(self, values: Mapping[str, float], step: int) -> None:
        """Takes numbers, in the time that it takes to append a line to a file."""
        now = int(time.time() * 1000)
        points: list[_Point] = [(name, float(value), now, step) for name, value in values.items()]
        self._append(json.dumps(points).encode() + b"\n")

    def close(self, limit: float | None = None) -> None:
        """Waits until all is sent, which is shown; what is not stays in the file.

        Args:
            limit: seconds to wait for; None is ten minutes.

        Raises:
            ZooError: the store is away, and was so for as long.
            MlflowException: it has refused something.
        """
        with self._changed:
            self._waited_for = True
            self._changed.wait_for(
                lambda: self._refused or self._sent == self._written, LIMIT if limit is None else limit
            )
            self._closed = True
            self._changed.notify_all()
            self._file.close()
            left = self._sent < self._written
        if self._refused is not None:
            self.path.replace(self.path.with_suffix(".refused"))
            raise self._refused
        if left:
            raise ZooError(f"{too_long(self._uri, self._away, limit)}; {self.path} keeps what is not sent yet")
        self.path.unlink()

    def _append(self, line: bytes) -> None:
        with self._changed:
            self._file.write(line)
            self._file.flush()
            self._written += len(line)
            self._changed.notify_all()

    def _work(self) -> None:
        while chunk := self._next():
            with waiting_shown(self._situation):
                sent = self._deliver(chunk)
            if not sent:
                return
            with self._changed:
                if self._closed:
                    return
                self._sent += len(chunk)
                if self._sent == self._written:
                    self._file.truncate(0)
                    self._sent = self._written = 0
                self._changed.notify_all()

    def _next(self) -> bytes:
        """Whole lines that are to be sent; nothing once the outbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._written > self._sent)
            if self._closed:
                return b""
            with self.path.open("rb") as file:
                file.seek(self._sent)
                return file.read(_BYTES_AT_ONCE) + file.readline()

    def _deliver(self, chunk: bytes) -> bool:
        """Sends lines, however long it takes; False if the outbox was closed, or they were refused."""
        from mlflow.entities import Metric

        metrics = [Metric(*point) for line in chunk.splitlines() for point in _points(line)]
        while not self._closed:
            try:
                self._client.log_batch(self._run_id, metrics=metrics)
            except Exception as error:
                if not is_away(error):
                    self._refuse(error)
                    return False
                self._away = error
            else:
                if self._away:
                    say(f"MLflow at {self._uri} answers again")
                self._away = None
                return True
            with self._changed:
                self._changed.wait_for(lambda: self._closed, PAUSE)
        return False

    def _refuse(self, error: Exception) -> None:
        say(f"MLflow at {self._uri} refuses what training logs, which goes on: {one_line(error)}")
        with self._changed:
            self._refused = error
            self._changed.notify_all()

    def _situation(self) -> str:
        if self._waited_for:
            return waiting(self._uri)
        return (
            f"MLflow at {self._uri} does not answer: training goes on, and what it logs is kept in {self.path} "
            "until the server is back"
        )


def _points(line: bytes) -> list[_Point]:
    """A line's numbers; none of one that was cut off."""
    try:
        return [(str(name), float(value), int(time), int(step)) for name, value, time, step in json.loads(line)]
    except ValueError:
        return []
