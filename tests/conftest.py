"""What tests share. TensorFlow is imported by the tests that need it, quietly."""

import contextlib
import gc
import signal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from zoo.types import Splits


def pytest_configure():
    """Lets interrupts in where the parent ignores them, as a shell does for `make test &` in a script.

    Children would inherit that too: Python installs no handler of its own then, and the tests that interrupt a process
    would wait in vain.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.set_threshold(20_000, 20, 50)  # Python's own looks through all of TensorFlow often: a tenth of the time of a run
    # what takes how long says nothing on a machine that does other things beside
    settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("patient")


def pytest_collection_modifyitems(items):
    """Starts with the files of slow tests, so that no process is left alone with one at the end."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Tests of one file run in one process, which makes their servers, stores and encoders once.

    Those that import umap-learn do so together: it compiles itself for half a minute in every process that does. (The
    mark `xdist_group` has no effect with pytest 9.2 and xdist 3.8.)
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return "umap" if "umap" in nodeid else nodeid.partition("::")[0]

    return ByFile(config, log)


@pytest.fixture
def store_here():
    """Lets MLflow's own functions see the store of the working directory, for the length of a `with`.

    The URI is absolute, since MLflow keeps one store for each URI, and is taken back: MLflow puts it into the
    environment of the whole process, and so into the tests that follow.
    """

    @contextlib.contextmanager
    def opened():
        import mlflow

        mlflow.set_tracking_uri(f"sqlite:///{Path.cwd()}/mlruns/mlflow.db")
        try:
            yield mlflow
        finally:
            mlflow.set_tracking_uri(None)

    return opened


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def splits(rng):
    """600 rows [600, 12] with decaying variances, 400 to train, 100 to validate, 100 to test."""
    features = (rng.normal(size=(600, 12)) * np.linspace(3, 0.3, 12) + 1).astype(np.float32)
    rows = np.arange(600)
    keys = np.asarray([f"key{row}" for row in rows], dtype=object)
    return Splits(features, train=rows[:400], validation=rows[400:500], test=rows[500:], keys=keys)
