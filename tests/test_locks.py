"""Locks, held by real processes and real threads."""

import fcntl
import shutil
import subprocess
import sys
import threading

import pytest

from zoo.locks import locked, locked_folder

HOLD = """
import pathlib, sys
from zoo.locks import locked
with locked(pathlib.Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_is_waited_for_or_not_and_a_dead_one_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(BlockingIOError), locked(path, wait=False):
        pass
    holder.kill()
    holder.communicate()
    with locked(path, wait=False):
        assert path.is_file()
    with locked(path, remove=True):
        pass
    assert not path.exists()


def test_one_at_a_time_even_if_each_removes_the_file(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(50):
            with locked(tmp_path / "lock", remove=True):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 200
    assert set(most) == {1}


def test_a_lock_whose_folder_was_removed_meanwhile_is_taken_anew(tmp_path, monkeypatch):
    folder = tmp_path / "partial"
    real, times = fcntl.flock, []

    def removed_first(*given):
        real(*given)
        times.append(given)
        if len(times) == 1:  # the owner finishes between opening and locking
            shutil.rmtree(folder)

    monkeypatch.setattr("zoo.locks.fcntl.flock", removed_first)
    with locked_folder(folder):
        assert (folder / "lock").is_file()
        with pytest.raises(BlockingIOError), locked_folder(folder):
            pass
    assert len(times) == 2


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), locked_folder(tmp_path / "missing" / "folder"):
        pass
