"""The metrics of several workers, put together by whichever is asked for its page."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import orjson

from serving.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_SECONDS = 1.0  # that another worker's figures may be old


class SharedMetrics:
    """Writes this worker's figures to a file every second, and reads the others'.

    What they have counted is summed, and stays when one has died. What is under way at a moment is each one's own, with
    its number as the label `worker`, and goes with it.

    Args:
        metrics: this worker's.
        folder: of the files.
        worker: this one's number.
        gauge: writes into the metrics what is under way at this moment.
    """

    def __init__(self, metrics: Metrics, folder: Path, worker: str, gauge: Callable[[], None] = lambda: None) -> None:
        self._metrics, self._folder, self._worker, self._gauge = metrics, folder, worker, gauge
        self._file = folder / f"{worker}-{os.getpid()}.json"
        threading.Thread(target=self._write, name="metrics", daemon=True).start()

    def together(self) -> Metrics:
        """The figures of all workers."""
        return Metrics().summed([self._figures(), *self._others()])

    def _figures(self) -> dict[str, Any]:
        self._gauge()
        figures = self._metrics.figures()
        own = [["worker", self._worker]]
        return figures | {"gauges": [[name, [*labels, *own], value] for name, labels, value in figures["gauges"]]}

    def _others(self) -> list[dict[str, Any]]:
        found = []
        for path in self._folder.glob("*.json"):
            if path != self._file:
                figures = orjson.loads(path.read_bytes())
                is_there = _is_there(int(path.stem.partition("-")[2]))
                found.append(figures if is_there else figures | {"gauges": []})
        return found

    def _write(self) -> None:
        new = self._file.with_suffix(".new")
        while self._folder.is_dir():
            try:
                new.write_bytes(orjson.dumps(self._figures()))
                new.replace(self._file)
            except OSError:
                return  # the workers' parent has gone, and its folder with it
            threading.Event().wait(_SECONDS)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
