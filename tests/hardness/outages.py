"""Whole training runs through MLflow's server being killed in their middle: it comes back, and it does not.

Usage: python -m tests.hardness.outages [SECONDS]. First the server comes back after SECONDS (20): the run ends with 0
and is as any other. Then it stays away, and the run waits for it for SECONDS instead of its ten minutes (600 tries
those): it ends with 1, and the same command takes it up once the server is back. Wanted each time: the silence is said
within 5 s, with what to do, every epoch is in MLflow once, and the encoder is registered.
"""

import collections
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.hardness.tracking import SAID, MlflowServer

ROOT = Path(__file__).parent.parent.parent
EPOCHS = 200
PATIENCE = "import sys, zoo.tracking._patience as patience; patience.LIMIT = float(sys.argv.pop(1))"
PROGRAM = f"{PATIENCE}; from zoo.cli.run import main; sys.exit(main())"


class Run(threading.Thread):
    """A training run, and what it says when."""

    def __init__(self, folder, server, name, patience):
        super().__init__(daemon=True)
        tiny = ROOT / "tests" / "recipes" / "tiny.yaml"
        arguments = [f"recipe={tiny}", f"name={name}", f"train.epochs={EPOCHS}", "train.patience=0"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(patience), *arguments],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT), "MLFLOW_TRACKING_URI": server.uri},
        )
        self.lines = []
        self.start()

    def run(self):
        """Until the process ends."""
        for line in self._process.stderr:
            self.lines.append((time.monotonic(), line.strip()))

    def status(self):
        """That it ends with."""
        status = self._process.wait(900)
        self.join()
        return status

    def after(self, moment, words):
        """Seconds from a moment to the first line with some words."""
        return next((when - moment for when, line in self.lines if when >= moment and words in line), float("inf"))

    def trains(self, server, seen):
        """Waits until it has told the server of so many more batches of epochs."""
        while server.requests("runs/log-batch") < seen + 4:
            assert self._process.poll() is None, self.lines[-20:]
            time.sleep(0.05)
        return time.monotonic()


def history(server, name):
    """Steps of the loss in MLflow with how often each is there, the runs' statuses, and the registered versions."""
    from mlflow import MlflowClient

    client = MlflowClient(server.uri)
    experiments = [each.experiment_id for each in client.search_experiments() if each.name == name]
    runs = client.search_runs(experiments)
    steps = collections.Counter(
        point.step for run in runs for point in client.get_metric_history(run.info.run_id, "loss")
    )
    return steps, [run.info.status for run in runs], len(client.search_model_versions(f"name = '{name}'"))


def is_whole(server, name):
    """Says what MLflow has of the run, and returns whether that is all of it, once."""
    steps, statuses, versions = history(server, name)
    lost, twice = EPOCHS - len(steps), sum(count > 1 for count in steps.values())
    print(
        f"    {lost} of {EPOCHS} epochs lost, {twice} there twice; runs {statuses}, {versions} registered", flush=True
    )
    return (lost, twice, statuses, versions) == (0, 0, ["FINISHED"], 1)


def comes_back(folder, server, away):
    """The server is killed while the run trains, and started again."""
    run = Run(folder, server, "back", 600)
    gone = run.trains(server, 0)
    server.kill()
    time.sleep(away)
    server.start()
    status = run.status()
    said = run.after(gone, "does not answer")
    print(f"  away for {away:g} s: status {status}, said after {said:.1f} s", flush=True)
    return is_whole(server, "back") and status == 0 and said < SAID


def stays_away(folder, server, patience):
    """The server is killed while the run trains; it is there again for the same command."""
    run = Run(folder, server, "away", patience)
    gone = run.trains(server, server.requests("runs/log-batch"))
    server.kill()
    status = run.status()
    said, last = run.after(gone, "does not answer"), run.lines[-1][1]
    kept = list(Path(folder).glob("mlruns/unsent/*.jsonl"))
    print(f"  away for good: status {status}, said after {said:.1f} s, {len(kept)} file kept; last: {last}", flush=True)
    fine = status == 1 and said < SAID and len(kept) == 1 and "give the same command again" in last
    server.start()
    status = Run(folder, server, "away", patience).status()
    print(f"  the same command again: status {status}", flush=True)
    return is_whole(server, "away") and fine and status == 0 and not kept[0].exists()


def main():
    """Returns 1 if anything was lost, not said, or ended otherwise than it should."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else 20.0
    with tempfile.TemporaryDirectory() as folder:
        registry = Path(folder) / "server"
        registry.mkdir()
        server = MlflowServer(registry, "--backend-store-uri", "sqlite:///mlflow.db")
        try:
            server.start()
            fine = [comes_back(folder, server, seconds), stays_away(folder, server, seconds)]
        finally:
            with contextlib.suppress(ProcessLookupError):
                server.kill()
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
