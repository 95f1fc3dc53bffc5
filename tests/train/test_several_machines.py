"""Two workers on loopback, against one process with the batch of both."""

import contextlib
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
import pytest
import yaml

RECIPE = {
    "name": "small",
    "purpose": "two workers",
    "model": {
        "_target_": "zoo.models.DenseAutoencoder",
        "latent_dim": 3,
        "hidden": [8],
        "activation": "tanh",
        "terms": {"cosines": {"_target_": "zoo.objectives.KeepCosines", "weight": 5.0}},
    },
    "train": {"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "clip_norm": 0.5, "weight_decay": 0.01},
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


class Pair:
    """Two workers, each in a folder of its own."""

    def __init__(self, recipe, command):
        sockets = [socket.create_server(("localhost", 0)) for _ in range(2)]
        addresses = [f"localhost:{each.getsockname()[1]}" for each in sockets]
        for each in sockets:
            each.close()
        self.folders = [recipe.parent / f"worker{number}" for number in range(2)]
        self.processes = []
        for index, folder in enumerate(self.folders):
            folder.mkdir(exist_ok=True)
            place = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
            with (folder / "log").open("w") as log:
                environment = {**os.environ, "TF_CONFIG": json.dumps(place)}
                environment.pop("MLFLOW_TRACKING_URI", None)
                self.processes.append(
                    subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
                )

    def ended(self, seconds=120):
        """The exit statuses."""
        try:
            return [each.wait(seconds) for each in self.processes]
        finally:
            for each in self.processes:
                each.kill()

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
    """What training logs, of one process or of a worker."""
    from zoo.keras_settings import zoo_settings
    from zoo.recipe import compose
    from zoo.stages.model import built_model
    from zoo.train.workers import Workers

    composed = compose(str(recipe), list(overrides))
    splits, trainer = composed.build("data").load(), composed.build("train")
    with zoo_settings():
        Workers.of(trainer.strategy)  # before TensorFlow's first operation
        model = built_model(composed, splits, lambda _: None)
        return trainer.fit(model, splits, seed=composed.seed, state=state).history


def assert_alike(found, wanted):
    for name in ("loss", "cosines", "val_loss", "val_cosines"):
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
    pair = Pair(recipe, [sys.executable, "-c", WORKER, str(Path(__file__).parent), str(recipe)])
    wanted = history(recipe, tmp_path / "one.npz")
    assert pair.ended() == [0, 0], pair.log(0) + pair.log(1)
    for index in range(2):
        assert_alike(json.loads(pair.log(index).splitlines()[-1]), wanted)


@pytest.mark.long
def test_the_first_worker_alone_writes_and_a_killed_job_is_taken_up(recipe):
    command = [sys.executable, "-m", "zoo.run", f"recipe={recipe}", "train.strategy=multi_worker", "train.epochs=100"]
    pair = Pair(recipe, command)
    deadline = time.monotonic() + 120
    while len(pair.losses()) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    pair.processes[1].send_signal(signal.SIGKILL)
    assert pair.ended() == [1, -signal.SIGKILL], pair.log(0)
    assert "Start all workers again" in pair.log(0)
    again = Pair(recipe, command)
    assert again.ended(300) == [NOT_BLESSED, 0], again.log(0) + again.log(1)
    assert "taken up at epoch" in again.log(0)
    assert [path.name for path in pair.folders[1].iterdir()] == ["log"]
    assert "trains along with worker 0" in again.log(1)
