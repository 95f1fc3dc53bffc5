"""MLflow's server goes away and is slow while a run is tracked: nothing is held up, and nothing is lost.

Usage: python -m tests.hardness.tracking [SECONDS [EPOCHS_A_SECOND]]; SECONDS (60) is how long the server is away, for a
third of that it is stopped before (SIGSTOP), which is slow. The tracker is tried alone, without TensorFlow, against
`mlflow server` on SQLite in a process of its own. Wanted: an epoch's end takes the run less than 50 ms, what is the
matter is said within 5 s, every value arrives, and the requests are fewer than the epochs.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

LONGEST, SAID = 0.05, 5.0  # seconds
NO_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # four processes that nobody here needs


class MlflowServer:
    """`mlflow server` in a folder, at an address that stays the same when it is started again.

    Args:
        folder: for its registry and artifacts.
        flags: further ones.
        environment: further variables.
    """

    def __init__(self, folder, *flags, environment=None):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.uri, self.log = f"http://127.0.0.1:{self.port}", Path(folder) / "server.log"
        self._flags, self._environment = flags, os.environ | NO_JOBS | (environment or {})
        self._folder, self._process = folder, None

    def start(self):
        """Returns once it answers."""
        tool = str(Path(sys.executable).parent / "mlflow")
        where = ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [tool, "server", *where, *self._flags],
                cwd=self._folder,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        for _ in range(1500):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.uri}/health", timeout=5)  # noqa: S310
                return self
            assert self._process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(0.2)
        raise AssertionError(self.log.read_text()[-3000:])

    def signal(self, number):
        """To the server and its workers."""
        os.killpg(self._process.pid, number)

    def kill(self):
        """At once."""
        self.signal(signal.SIGKILL)
        self._process.wait()

    def requests(self, path):
        """How many there were for a path."""
        return len(re.findall(rf'"[A-Z]+ \S*{re.escape(path)}\S* HTTP', self.log.read_text()))


class Told(threading.Thread):
    """What is written to the process's standard error, and when."""

    def __init__(self):
        super().__init__(daemon=True)
        self.lines, self._file = [], os.fdopen(os.dup(2), "w")
        reader, writer = os.pipe()
        os.dup2(writer, 2)
        self._reader = os.fdopen(reader)
        self.start()

    def run(self):
        """Until the process ends."""
        for line in self._reader:
            self.lines.append((time.monotonic(), line.strip()))
            print(f"  | {line.rstrip()}", file=self._file, flush=True)

    def after(self, moment, words):
        """Seconds from a moment to the first line with some words."""
        return next((when - moment for when, line in self.lines if when >= moment and words in line), float("inf"))


def main():
    """Returns 1 if anything was held up, lost or not said."""
    away = float(sys.argv[1]) if sys.argv[1:] else 60.0
    pause = 1 / (float(sys.argv[2]) if sys.argv[2:] else 20.0)
    os.environ.pop("MLFLOW_TRACKING_URI", None)
    told = Told()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        server = MlflowServer(folder, "--backend-store-uri", "sqlite:///mlflow.db").start()
        try:
            return watched(server, told, away, pause)
        finally:
            with contextlib.suppress(ProcessLookupError):
                server.kill()


def watched(server, told, away, pause):
    """A run through an outage."""
    from zoo.tracking.tracker import Tracker

    tracker, took, epochs = Tracker(server.uri), [], 0

    def train(seconds):
        nonlocal epochs
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            started = time.monotonic()
            run.epoch_ends(epochs, {"loss": float(epochs), "val_loss": 1.0 / (epochs + 1)})
            took.append(time.monotonic() - started)
            epochs += 1
            time.sleep(pause)

    with tracker.run("recipe") as run:
        run.log_parameters({f"key{number}": number for number in range(100)})
        train(5)
        slow = time.monotonic()
        server.signal(signal.SIGSTOP)
        train(away / 3)
        server.signal(signal.SIGCONT)
        train(5)
        gone = time.monotonic()
        server.kill()
        train(away)
        back = threading.Thread(target=server.start)
        back.start()
        train(2)
        ended = time.monotonic()
    back.join()
    with tracker.connected() as client:
        points = {name: client.get_metric_history(run.run_id, name) for name in ("loss", "val_loss")}
    lost = epochs - len({point.step for point in points["loss"]})
    twice = sum(map(len, points.values())) - 2 * len({point.step for point in points["loss"]})
    said = [told.after(moment, "does not answer") for moment in (slow, gone)]
    batches = server.requests("runs/log-batch")
    print(
        f"  {epochs} epochs, away for {away / 3:.0f} s (stopped) and {away:.0f} s (killed): {lost} lost, {twice} twice,"
    )
    print(f"  an epoch's end took {max(took) * 1000:.1f} ms at most, said after {said[0]:.1f} and {said[1]:.1f} s,")
    print(f"  {batches} requests to log, {time.monotonic() - ended:.1f} s from the last epoch to the end")
    return int(bool(lost or twice) or max(took) > LONGEST or max(said) > SAID or batches >= epochs)


if __name__ == "__main__":
    sys.exit(main())
