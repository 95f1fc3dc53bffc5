"""Two workers on loopback, against one process with the batch of both."""

import contextlib
import ctypes
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

RECIPE = {
    "name": "small",
    "purpose": "two workers",
    "model": {
        "_target_": "zoo.models.DenseAutoencoder",
        "latent_dim": 4,
        "hidden": [8],
        "activation": "tanh",
        "bottleneck": {
            "_target_": "zoo.bottlenecks.VectorQuantised",
            "latent_dim": 4,
            "groups": 2,
            "codes": 3,
            "seed": 1,
        },
        "terms": {
            "cosines": {"_target_": "zoo.objectives.KeepCosines", "weight": 5.0},
            "views": {"_target_": "zoo.objectives.AgreeAcrossViews", "kind": "vicreg"},
        },
    },
    # of so many steps one process takes two at once
    "train": {"epochs": 2, "batch_size": 64, "steps_per_epoch": 16}
    | {"learning_rate": 0.01, "clip_norm": 0.5, "weight_decay": 0.01},
    "baselines": {"raw": {"_target_": "zoo.representations.Raw"}},
    "metrics": {"reconstruction_r2": {"_target_": "zoo.metrics.ReconstructionR2"}},
    "gates": {"never": {"metric": "reconstruction_r2", "at_least": 2}},
    "page": None,
}
NOT_BLESSED = 3
ROWS = 701  # of which an even number validates, so that two workers leave none out


@pytest.fixture
def recipe(tmp_path, rng):
    np.save(tmp_path / "rows.npy", (rng.normal(size=(ROWS, 4)) @ rng.normal(size=(4, 12))).astype(np.float32))
    data = {"_target_": "zoo.data.Vectors", "path": str(tmp_path / "rows.npy")}
    (tmp_path / "small.yaml").write_text(yaml.safe_dump({**RECIPE, "data": data}))
    return tmp_path / "small.yaml"


def dies_with_its_parent():
    """Run in a child, which is then killed when the thread that made it ends, however that comes about."""
    kill_on_death = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(kill_on_death, signal.SIGKILL)


class Pair:
    """Two workers, each in a folder of its own, which end with the `with` that they are made for."""

    def __init__(self, recipe, command):
        self.folders = [recipe.parent / f"worker{number}" for number in range(2)]
        self.command, self.processes = command, []

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.end()
            raise
        return self

    def __exit__(self, *_):
        self.end()

    def start(self):
        sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
        for each in sockets:
            each.close()
        for index, folder in enumerate(self.folders):
            folder.mkdir(exist_ok=True)
            place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            with (folder / "log").open("w") as log:
                environment = {**os.environ, "TF_CONFIG": json.dumps(place)}
                environment.pop("MLFLOW_TRACKING_URI", None)
                self.processes.append(
                    subprocess.Popen(
                        self.command,
                        cwd=folder,
                        env=environment,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                        preexec_fn=dies_with_its_parent if sys.platform == "linux" else None,  # noqa: PLW1509
                    )
                )

    def end(self):
        """Ends both, and what they have started."""
        for each in self.processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(each.pid, signal.SIGKILL)
            each.wait()

    def run(self):
        """Whether both do."""
        return all(each.poll() is None for each in self.processes)

    def ended(self, seconds=120):
        """The exit statuses."""
        return [each.wait(seconds) for each in self.processes]

    def log(self, index):
        return (self.folders[index] / "log").read_text()

    def losses(self):
        """The losses of epochs, as worker 0 logged them."""
        path = self.folders[0] / "mlruns" / "mlflow.db"
        if not path.exists() or not path.stat().st_size:
            return []
        with contextlib.suppress(sqlite3.OperationalError), sqlite3.connect(path) as store:
            return [value for (value,) in store.execute("select value from metrics where key = 'loss'")]
        return []  # its tables are being made


def history(recipe, state, *overrides):
    """What training logs, of one process or of a worker; the second one's first weights are rounded otherwise."""
    from zoo.keras_settings import zoo_settings
    from zoo.recipe import compose
    from zoo.stages.model import built_model
    from zoo.train.workers import Workers

    composed = compose(str(recipe), list(overrides))
    splits, trainer = composed.build("data").load(), composed.build("train")
    with zoo_settings():
        workers = Workers.of(trainer.strategy)  # before TensorFlow's first operation
        model = built_model(composed, splits, lambda _: None)
        if workers.index:
            model.build((None, *splits.shape))
            model.set_weights([weight * 1.001 for weight in model.get_weights()])
        return trainer.fit(model, splits, seed=composed.seed, state=state).history


def assert_alike(found, wanted):
    for name in ("loss", "cosines", "views", "perplexity", "val_loss", "val_cosines"):
        # sums of float32 in another order: some 1e-7 of rounding a step, over some 20 steps of Adam
        np.testing.assert_allclose([logs[name] for logs in found], [logs[name] for logs in wanted], rtol=1e-5)


WORKER = """
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
from test_several_machines import history
print(json.dumps(history(sys.argv[2], pathlib.Path("state.npz"), "train.strategy=multi_worker")))
"""


@pytest.mark.slow
def test_two_workers_train_as_one_process_with_the_batch_of_both(recipe, tmp_path):
    with Pair(recipe, [sys.executable, "-c", WORKER, str(Path(__file__).parent), str(recipe)]) as pair:
        wanted = history(recipe, tmp_path / "one.npz")
        assert pair.ended() == [0, 0], pair.log(0) + pair.log(1)
    for index in range(2):
        assert_alike(json.loads(pair.log(index).splitlines()[-1]), wanted)


@pytest.mark.long
def test_the_first_worker_alone_writes_and_a_killed_job_is_taken_up(recipe):
    """The table is streamed: each worker reads rows of its own."""
    rows = pa.table({f"n{place}": column for place, column in enumerate(np.load(recipe.parent / "rows.npy").T)})
    pq.write_table(rows, recipe.parent / "rows.parquet", row_group_size=100)
    overrides = [f"data.path={recipe.parent}/rows.parquet", "data.stream=true", "train.epochs=40"]
    command = [sys.executable, "-m", "zoo.run", f"recipe={recipe}", "train.strategy=multi_worker", *overrides]
    with Pair(recipe, command) as pair:
        deadline = time.monotonic() + 180
        while len(pair.losses()) < 2 and pair.run() and time.monotonic() < deadline:
            time.sleep(0.1)
        pair.processes[1].send_signal(signal.SIGKILL)
        assert pair.ended() == [1, -signal.SIGKILL], pair.log(0)
        assert "Start all workers again" in pair.log(0)
    with Pair(recipe, command) as again:
        assert again.ended(300) == [NOT_BLESSED, 0], again.log(0) + again.log(1)
        assert "taken up at epoch" in again.log(0)
        assert [path.name for path in again.folders[1].iterdir()] == ["log"]
        assert "trains along with worker 0" in again.log(1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills children with their parent")
def test_workers_end_with_the_test_that_made_them(recipe):
    """Whether it fails, is interrupted, or is killed with all of pytest."""
    sleeps = [sys.executable, "-c", "import time; time.sleep(600)"]
    with pytest.raises(KeyboardInterrupt), Pair(recipe, sleeps) as pair:
        raise KeyboardInterrupt
    assert [each.returncode for each in pair.processes] == [-signal.SIGKILL] * 2
    parent = """
import os, pathlib, sys
sys.path.insert(0, sys.argv[1])
from test_several_machines import Pair
pair = Pair(pathlib.Path(sys.argv[2]), [sys.executable, "-c", "import time; time.sleep(600)"]).__enter__()
print(*[each.pid for each in pair.processes], flush=True)
os.kill(os.getpid(), 9)
"""
    command = [sys.executable, "-c", parent, str(Path(__file__).parent), str(recipe)]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    deadline = time.monotonic() + 10
    while any(is_there(int(pid)) for pid in killed.stdout.split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_there(int(pid)) for pid in killed.stdout.split())


def is_there(pid):
    """Whether the process runs; one that has ended may wait to be asked how."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
