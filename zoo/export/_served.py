"""Serving an exported model in a process of its own, to see what it answers."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from zoo.errors import ZooError

if TYPE_CHECKING:
    from zoo.export._signatures import Calls

_SAID = 8  # lines of what a process said that are shown when it fails
_SECONDS = 600  # that the server may take to load the model and to answer


def make_ready() -> None:
    """Starts what `difference_when_served` needs, which takes seconds, and does not wait for it."""
    _standby.start()


def difference_when_served(directory: Path, calls: Calls) -> float:
    """The largest difference between what a server gives for a SavedModel, over gRPC and REST, and what it should.

    The server runs in a fresh process, which cannot import the zoo.

    Args:
        directory: the SavedModel, with its warm-up requests.
        calls: by signature, what those requests send and what is expected.

    Raises:
        ZooError: it cannot be served, or does not answer in time.
    """
    with tempfile.TemporaryDirectory() as scratch:
        expected = Path(scratch) / "expected.npz"
        np.savez(
            expected,
            **{f"{name}/{output}": values for name, (_, wanted) in calls.items() for output, values in wanted.items()},
        )
        status, said = _standby.validated(directory.absolute(), expected)
    lines = said.strip().splitlines() or ["it said nothing"]
    if status != 0:
        killed = f" (it was ended by signal {-status})" if status < 0 else ""
        before = "".join(f"\n  {line}" for line in lines[-_SAID:-1])
        raise ZooError(
            f"a fresh process could not serve the exported model: {lines[-1]}{killed}"
            + (f"\nbefore that it said:{before}" if before else "")
        )
    return float(json.loads(lines[-1])["largest_difference"])


class _Standby:
    """A process that has imported what serving needs, and forks a fresh one for each candidate.

    Started when the first candidate comes or is to come soon, and kept for the next ones (a sweep, a notebook) as long
    as it waits.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._errors: IO[str] | None = None
        self._last_words = ""  # of the process that ended last
        self._lock = threading.Lock()
        atexit.register(self._end)

    def start(self) -> None:
        """Starts it, if it does not run; what is wrong is told to who asks."""
        with self._lock, contextlib.suppress(OSError):
            self._started()

    def validated(self, directory: Path, expected: Path) -> tuple[int, str]:
        """Exit status and output of a validation."""
        with self._lock:
            try:
                answer = self._asked(directory, expected)
                # it may have ended for want of work, just when it was asked
                answer = answer or self._asked(directory, expected)
            except BaseException:
                self._end()
                raise
        if not answer:
            return 1, f"{self._last_words}\nthe process that serves it ended without an answer".lstrip()
        found = json.loads(answer)
        return int(found["status"]), str(found["said"])

    def _asked(self, directory: Path, expected: Path) -> str:
        """The answer; "" from a process that has ended."""
        process = self._started()
        try:
            print(json.dumps([str(directory), str(expected)]), file=process.stdin, flush=True)
        except BrokenPipeError:
            self._end()
            return ""
        assert process.stdout is not None  # noqa: S101  a pipe was asked for
        if not select.select([process.stdout], [], [], _SECONDS)[0]:
            raise ZooError(f"the server did not answer for the exported model within {_SECONDS} s")
        answer = process.stdout.readline()
        if not answer:
            self._end()
        return answer

    def _started(self) -> subprocess.Popen[str]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        # by its name: the zoo imports nothing of the server
        command = [sys.executable, "-m", "serving.infra_validation", "--standby"]
        home = str(Path(__file__).parents[2])  # the server lies beside the zoo, wherever this process was started
        path = os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"}
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115  as long as it
        self._process = subprocess.Popen(  # noqa: S603  our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=environment,
            cwd=home,  # the folder of today may be gone when the next candidate comes
            start_new_session=True,
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if self._errors is not None:
            self._errors.seek(0)
            self._last_words = "\n".join(self._errors.read().strip().splitlines()[-_SAID:])
        for stream in (process.stdin, process.stdout, self._errors):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()


_standby = _Standby()
