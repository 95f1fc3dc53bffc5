"""Several servers on the same ports, each a process: the kernel shares connections out among them (SO_REUSEPORT)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from typing import TYPE_CHECKING

from serving.web import bound

if TYPE_CHECKING:
    import argparse
    import socket
    from collections.abc import Sequence

_log = logging.getLogger("serving")
_LONG = 10.0  # seconds that a process must have run to be started again at once
_LONGEST_PAUSE = 30.0
_LOOK = 0.1


class Workers:
    """Starts the processes, starts one again that has ended, and ends them all when it is told to.

    Each follows the store and loads the models by itself; limits are those of each. Their metrics are summed on
    the page of whichever is asked (`serving.shared_metrics`).

    Args:
        arguments: the command line.
        flags: what it says.
        program: what takes the command line.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        flags: argparse.Namespace,
        program: Sequence[str] = (sys.executable, "-m", "serving"),
    ) -> None:
        self._program, self._arguments, self._flags = program, list(arguments), flags
        self._stopping = threading.Event()
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._begun: dict[int, float] = {}
        self._pauses: dict[int, float] = {}
        self._due: dict[int, float] = {}

    def run(self) -> int:
        """Serves until SIGTERM or SIGINT; returns the exit status.

        Raises:
            OSError: a port that is taken.
        """
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        held = [_reserved("REST", self._flags.host, self._flags.rest_api_port)]
        held.append(_reserved("gRPC", self._flags.host, self._flags.port))
        rest, grpc = (each.getsockname()[1] for each in held)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda *_: self._stop())
        with tempfile.TemporaryDirectory(prefix="serving-") as folder:
            command = [*self._program, *self._arguments]
            command += ["--rest_api_port", str(rest), "--port", str(grpc), "--worker", f"{os.getpid()}:{folder}"]
            for number in range(self._flags.workers):
                self._start(number, command)
            first_line, failure = self._begin()
            if not failure and first_line:
                print(first_line, end="", flush=True)  # noqa: T201
                self._look_after(command)
            self._stop()
            for process in self._processes.values():
                process.wait()
        for reserved in held:
            reserved.close()
        return failure

    def _begin(self) -> tuple[str, int]:
        """The line that says that they serve, and 0; or the status of the first that could not start."""
        line = ""
        for process in self._processes.values():
            line = process.stdout.readline() if process.stdout is not None else ""
            if not line:
                status = process.wait()
                return "", 0 if self._stopping.is_set() else status or 1
        return line, 0

    def _start(self, number: int, command: Sequence[str]) -> None:
        self._begun[number] = time.monotonic()
        self._processes[number] = subprocess.Popen(  # noqa: S603
            [*command[:-1], f"{command[-1]}:{number}"],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches this process, which hands it on once
        )

    def _look_after(self, command: Sequence[str]) -> None:
        while not self._stopping.wait(_LOOK):
            for number, process in list(self._processes.items()):
                status = process.poll()
                if status is None:
                    continue
                now = time.monotonic()
                if number not in self._due:
                    pause = 0.0
                    if now - self._begun[number] < _LONG:
                        pause = min(_LONGEST_PAUSE, 2 * self._pauses.get(number, 0.5))
                    self._pauses[number], self._due[number] = pause, now + pause
                    _log.error("worker %d ended with %d; another one starts in %g s", number, status, pause)
                if now >= self._due[number]:  # the others are looked after meanwhile
                    del self._due[number]
                    self._start(number, command)

    def _stop(self) -> None:
        self._stopping.set()
        for each in self._processes.values():
            if each.poll() is None:
                each.terminate()


def end_with(parent: int) -> None:
    """Ends this process, as SIGTERM does, when its parent is gone."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=look, name="parent", daemon=True).start()


def _reserved(protocol: str, host: str, port: int) -> socket.socket:
    """A socket that keeps a port for the workers; it does not listen, so that it gets no connection."""
    if port:
        bound(protocol, host, port).close()  # a stranger's port could be shared too
    return bound(protocol, host, port, is_shared=True)
