"""The server is restarted by SIGTERM again and again under clients that go on asking: no call of theirs fails.

Usage: python -m tests.hardness.restarts [TIMES [CLIENTS]]; 4 restarts and 8 clients of each kind (gRPC, REST) are the
default. Between restarts the server is there for five seconds, and away for as long as it takes to start. Wanted: no
call fails, or gives other values.
"""

import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from tests.hardness._served import ROOT  # noqa: F401  which finds `served`

from served import WEIGHTS, WIDTH, ServerProcess, export_embed  # isort: skip

THERE = 5.0  # seconds
ROWS = np.random.default_rng(0).normal(size=(16, WIDTH)).astype(np.float32)


def free_port():
    """One that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Callers:
    """Clients that call until they are stopped.

    Attributes:
        calls: how many.
        failures: what was raised, or said of wrong values.
        longest: seconds that a call took.
    """

    def __init__(self, address, clients):
        self.calls, self.failures, self.longest = 0, [], 0.0
        self._address, self._lock, self._ended = address, threading.Lock(), threading.Event()
        self._threads = [threading.Thread(target=self._call) for _ in range(clients)]
        for each in self._threads:
            each.start()

    def end(self):
        """Returns once the last call has ended."""
        self._ended.set()
        for each in self._threads:
            each.join()

    def _call(self):
        from serving import EmbeddingClient

        with EmbeddingClient(self._address, "embed") as client:
            while not self._ended.wait(0.01):
                started, failure = time.monotonic(), None
                try:
                    if not np.allclose(client.encode(ROWS), ROWS @ WEIGHTS, rtol=1e-5, atol=1e-6):
                        failure = "other values"
                except Exception as error:
                    failure = repr(error)
                with self._lock:
                    self.calls += 1
                    self.longest = max(self.longest, time.monotonic() - started)
                    self.failures += [failure] if failure else []


def main():
    """Returns 1 if a call failed."""
    times, clients = (int(text) for text in (*sys.argv[1:3], *("4", "8")[len(sys.argv) - 1 :]))
    grpc_port, rest_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "embed").mkdir()
        export_embed(Path(folder) / "embed" / "1")
        flags = ("--store", folder, "--port", grpc_port, "--rest_api_port", rest_port)
        server = ServerProcess(*flags)
        kinds = {"gRPC": f"127.0.0.1:{grpc_port}", "REST": f"http://127.0.0.1:{rest_port}"}
        callers = {kind: Callers(address, clients) for kind, address in kinds.items()}
        for _ in range(times):
            time.sleep(THERE)
            status = server.stop()
            assert status == 0, status
            server = ServerProcess(*flags)
        time.sleep(THERE)
        for each in callers.values():
            each.end()
        server.stop()
    for kind, each in callers.items():
        print(f"  {kind}: {each.calls} calls through {times} restarts, {len(each.failures)} failed, ", end="")
        print(f"the longest took {each.longest:.1f} s", *sorted(set(each.failures))[:5], sep="\n    ")
    return int(any(each.failures for each in callers.values()))


if __name__ == "__main__":
    sys.exit(main())
