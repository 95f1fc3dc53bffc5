import subprocess
import sys

import pytest

from zoo.run_state import claim

HOLD = """
import pathlib, sys
from zoo.run_state import claim
with claim(pathlib.Path(sys.argv[1]), "recipe", "data") as state:
    state.remember("theirs")
    print(state.directory.name, flush=True)
    sys.stdin.read()
"""


def _interrupted(root):
    with claim(root, "recipe", "data") as state:
        assert state.run_id is None
        state.remember("run 1")
        state.training.write_bytes(b"weights")
        raise KeyboardInterrupt


def test_an_interrupted_run_finds_its_state_and_a_finished_one_leaves_none(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _interrupted(tmp_path)
    with pytest.raises(ValueError, match="before training"), claim(tmp_path, "recipe", "third data"):
        raise ValueError("before training")
    assert len(list(tmp_path.iterdir())) == 1
    with claim(tmp_path, "recipe", "other data") as other:
        assert other.run_id is None
    with claim(tmp_path, "recipe", "data") as again:
        assert again.run_id == "run 1"
        assert again.training.read_bytes() == b"weights"
    assert not list(tmp_path.iterdir())


def test_a_second_process_gets_a_folder_of_its_own_and_a_dead_ones_is_taken_up(tmp_path):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    theirs = holder.stdout.readline().strip()
    with claim(tmp_path, "recipe", "data") as own:
        assert own.directory.name != theirs
        assert own.run_id is None
    holder.kill()
    holder.communicate()
    with claim(tmp_path, "recipe", "data") as taken_up:
        assert taken_up.directory.name == theirs
        assert taken_up.run_id == "theirs"


@pytest.mark.parametrize("content", [b"", bytes(32), b"\xff\xfe", b"run\n1"])
def test_a_run_id_that_a_crash_has_damaged_is_no_run_id(content, tmp_path):
    with claim(tmp_path, "recipe", "data") as state:
        state.remember("run 1")
        assert state.run_id == "run 1"
        (state.directory / "run_id").write_bytes(content)
        assert state.run_id is None
