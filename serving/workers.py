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
    """

    def __init__(self, arguments: Sequence[str], flags: argparse.Namespace) -> None:
        self._arguments, self._flags = list(arguments), flags
        self._stopping = threading.Event()
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._begun: dict[int, float] = {}
        self._pauses: dict[int, float] = {}

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
            command = [sys.executable, "-m", "serving", *self._arguments]
            command += ["--rest_api_port", str(rest), "--port", str(grpc), "--worker", f"{os.getpid()}:{folder}"]
            for number in range(self._flags.workers):
                self._start(number, command)
            lines = [process.stdout.readline() for process in self._processes.values() if process.stdout is not None]
            if all(lines):
                print(lines[0], end="", flush=True)  # noqa: T201
                self._look_after(command)
            failed = [status for process in self._processes.values() if (status := self._ended(process))]
        for reserved in held:
            reserved.close()
        return failed[0] if failed and not self._stopping.is_set() else 0

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
            for number, process in self._processes.items():
                status = process.poll()
                if status is None:
                    continue
                lived = time.monotonic() - self._begun[number]
                pause = 0.0 if lived > _LONG else min(_LONGEST_PAUSE, 2 * self._pauses.get(number, 0.5))
                self._pauses[number] = pause
                _log.error("worker %d ended with %d; another one starts in %g s", number, status, pause)
                if not self._stopping.wait(pause):
                    self._start(number, command)

    def _stop(self) -> None:
        self._stopping.set()
        for each in self._processes.values():
            if each.poll() is None:
                each.terminate()

    def _ended(self, process: subprocess.Popen[str]) -> int:
        """A process's status, once it has ended; one that could not start takes the others with it."""
        if process.poll() is None:
            process.terminate()
        return process.wait()


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
