"""The metrics of several workers, summed by whichever is asked for its page."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from pathlib import Path

    from serving.metrics import Metrics

_SECONDS = 1.0  # that another worker's figures may be old


class SharedMetrics:
    """Writes this worker's figures to a file every second, and reads the others'; those of a dead one stay.

    Args:
        metrics: this worker's.
        folder: of the files.
        worker: this one's number.
    """

    def __init__(self, metrics: Metrics, folder: Path, worker: str) -> None:
        self._metrics, self._folder = metrics, folder
        self._file = folder / f"{worker}-{os.getpid()}.json"
        threading.Thread(target=self._write, name="metrics", daemon=True).start()

    def others(self) -> list[dict[str, Any]]:
        """The figures of the other workers."""
        files = (path for path in self._folder.glob("*.json") if path != self._file)
        return [orjson.loads(path.read_bytes()) for path in files]

    def _write(self) -> None:
        new = self._file.with_suffix(".new")
        while self._folder.is_dir():
            try:
                new.write_bytes(orjson.dumps(self._metrics.figures()))
                new.replace(self._file)
            except OSError:
                return  # the workers' parent has gone, and its folder with it
            threading.Event().wait(_SECONDS)
