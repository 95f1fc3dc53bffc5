"""A store of tiny SavedModels, a server on it, and honest clients beside whatever else is sent."""

import contextlib
import re
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import numpy as np
import psutil

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "serving"))

from served import WIDTH, ServerProcess, export_embed, export_slow  # noqa: E402

HONEST = {"instances": np.linspace(0, 1, 64 * WIDTH).reshape(64, WIDTH).tolist()}


@contextlib.contextmanager
def server(*flags):
    """A server of the models `embed` and `slow`."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder)
        for name, export in (("embed", export_embed), ("slow", export_slow)):
            (store / name).mkdir()
            export(store / name / "1")
        process = ServerProcess("--store", store, *flags)
        try:
            yield process
        finally:
            if process.process.poll() is None:
                process.process.kill()
                process.process.wait()


class Honest(threading.Thread):
    """Clients that ask for 64 rows again and again, every 20 ms.

    Args:
        rest: the server's URL.
        clients: how many.

    Attributes:
        seconds: of each request.
        statuses: of each request; 0 for a broken connection.
    """

    def __init__(self, rest, clients=4):
        super().__init__(daemon=True)
        self._rest, self._clients, self._ended = rest, clients, threading.Event()
        self.seconds, self.statuses = [], []

    def run(self):
        """Until they are stopped."""
        threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(self._clients)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    def _ask(self):
        with httpx.Client(timeout=60) as client:
            while not self._ended.wait(0.02):
                started = time.perf_counter()
                try:
                    status = client.post(f"{self._rest}/v1/models/embed:predict", json=HONEST).status_code
                except httpx.HTTPError:
                    status = 0
                self.seconds.append(time.perf_counter() - started)
                self.statuses.append(status)

    def said(self):
        """How many requests, how many of them failed, and how long they took."""
        seconds = np.asarray(self.seconds)
        failed = sum(status != 200 for status in self.statuses)
        median, late, longest = np.quantile(seconds, [0.5, 0.99, 1]) * 1000 if len(seconds) else [np.nan] * 3
        times = f"median {median:.1f} ms, p99 {late:.1f} ms, longest {longest:.0f} ms"
        return f"{len(seconds)} honest requests, {failed} failed, {times}"

    def p99(self):
        """Seconds."""
        return float(np.quantile(self.seconds, 0.99)) if self.seconds else float("inf")

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self.join()


def megabytes(process, field="VmHWM"):
    """What a server and the processes that it has started hold (VmRSS), or have held at most (VmHWM)."""
    server = psutil.Process(process.process.pid)
    texts = [Path(f"/proc/{each.pid}/status").read_text() for each in (server, *server.children())]
    return sum(int(re.search(rf"{field}:\s+(\d+) kB", text)[1]) for text in texts) / 1024
