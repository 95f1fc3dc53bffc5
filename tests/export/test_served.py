"""The process on standby that forks a fresh one for each candidate."""

import os
import signal
from pathlib import Path

import pytest

from zoo.errors import ZooError
from zoo.export._served import _standby, difference_when_served


@pytest.fixture(autouse=True)
def ended():
    yield
    _standby._end()


def test_a_candidate_that_cannot_be_served_leaves_the_process_for_the_next_one(tmp_path):
    for _ in range(2):
        with pytest.raises(ZooError, match=r"could not serve the exported model: NotFoundError: .*warmup_requests"):
            difference_when_served(tmp_path, {})
    assert _standby._process.poll() is None


def test_a_process_that_has_ended_is_started_again(tmp_path):
    status, said = _standby.validated(tmp_path, tmp_path / "absent.npz")
    assert status == 1
    assert "absent.npz" in said
    first = _standby._process
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert _standby.validated(tmp_path, tmp_path / "absent.npz") == (status, said)
    assert _standby._process.pid != first.pid


def test_what_a_process_said_before_it_failed_is_shown(tmp_path, monkeypatch):
    (tmp_path / "saved_model.pb").write_bytes(b"no graph")
    with pytest.raises(ZooError, match=r"\nbefore that it said:\n(.*\n)*.*could not be loaded: Error parsing"):
        difference_when_served(tmp_path, {})
    _standby._end()
    monkeypatch.setenv("PYTHONHOME", "/nowhere")  # Python itself cannot start
    with pytest.raises(ZooError, match=r"ended without an answer\nbefore that it said:\n(.*\n)*.*encodings"):
        difference_when_served(tmp_path, {})


def test_it_imports_neither_keras_nor_the_zoo(tmp_path):
    _standby.validated(tmp_path, tmp_path / "absent.npz")
    loaded = Path(f"/proc/{_standby._process.pid}/maps").read_text(encoding="utf-8")
    assert "tensorflow" in loaded
    assert "matplotlib" not in loaded  # which Keras imports
