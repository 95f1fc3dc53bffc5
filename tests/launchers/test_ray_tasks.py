"""Candidates as tasks of a real Ray, on this machine."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from candidates import Deadly, Endless, Unreadable, candidate

from zoo.errors import InputError
from zoo.launchers.side_by_side import SideBySide

ray = pytest.importorskip("ray", reason="needs Ray: pip install 'encoder-zoo[ray]'")
import psutil  # noqa: E402

from zoo.launchers.ray_tasks import RayTasks  # noqa: E402

pytestmark = pytest.mark.slow


def of_ray():
    """Processes of Ray's that this one has started, itself or by others."""
    return [each for each in psutil.Process().children(recursive=True) if "ray" in " ".join(each.cmdline())]


@pytest.fixture
def cluster(monkeypatch):
    """A Ray that somebody else has started, whose workers find the candidates of this folder."""
    here = Path(__file__).parent
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(here), str(here.parents[1])]))
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


def test_tasks_that_fail_or_die_are_said_and_a_cluster_that_was_joined_stays(cluster, tmp_path):
    said = []
    recipes = {"unreadable": Unreadable(), "deadly": Deadly(), "too": Unreadable()}
    tasks = SideBySide(RayTasks(), None)
    tasks.train([candidate(name, recipe, tmp_path) for name, recipe in recipes.items()], said.append)
    assert sorted(said) == [
        "deadly: failed: its process was killed (for want of memory?); fewer at once (--jobs), or --max-memory, leave "
        "each more room",
        "too: failed: absent.npy: no such file",
        "unreadable: failed: absent.npy: no such file",
    ]
    assert ray.is_initialized()


def test_an_interrupt_ends_the_tasks_and_leaves_no_process_of_ray(tmp_path):
    said, before = [], signal.getsignal(signal.SIGINT)

    def interrupt():
        while len(list(tmp_path.glob("started-*"))) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    candidates = [candidate(name, Endless(tmp_path), tmp_path) for name in "abc"]
    with pytest.raises(KeyboardInterrupt):
        SideBySide(RayTasks(), 2).train(candidates, said.append)
    assert len(list(tmp_path.glob("interrupted-*"))) == 2
    assert not said
    assert not of_ray()
    assert signal.getsignal(signal.SIGINT) == before


def test_a_place_where_no_cluster_is_is_refused_at_once(monkeypatch):
    started = time.monotonic()
    with pytest.raises(InputError, match=r"no Ray cluster answers at 127.0.0.1:1 .*`ray start --head` starts one"):
        RayTasks("127.0.0.1:1")
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    for address in (None, "auto"):
        with pytest.raises(InputError, match=r"no Ray cluster answers at 127.0.0.1:1"):
            RayTasks(address)
    monkeypatch.delenv("RAY_ADDRESS")
    with pytest.raises(InputError, match=r"no Ray cluster answers at auto"), RayTasks("auto"):
        pass
    assert time.monotonic() - started < 5
