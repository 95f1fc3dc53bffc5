"""Kills, locks, full disks and changed files: what is done is kept, and no half output appears."""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

import zoo
from zoo.bulk.parts import Parts
from zoo.encode import main
from zoo.encoder import Encoder
from zoo.errors import InputError, ZooError

HOME = str(Path(__file__).parents[2])


@pytest.fixture
def rows(table, tmp_path):
    np.save(tmp_path / "rows.npy", table)
    return tmp_path / "rows.npy"


@pytest.fixture
def half_done(dense, rows, tmp_path, monkeypatch, capsys):
    """A job that was interrupted after three of its ten blocks."""
    original, calls = Encoder.call, []

    def interrupted(self, *given):
        calls.append(given)
        if len(calls) > 3:
            raise KeyboardInterrupt
        return original(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "call", interrupted)
        assert main(arguments(dense, rows, tmp_path)) == 130
    assert "the same command goes on where it stopped" in capsys.readouterr().err
    assert not (tmp_path / "out.npy").exists()
    return finished(tmp_path)


def arguments(encoder, rows, folder, *more):
    return [f"name={encoder}", f"input={rows}", f"output={folder}/out.npy", "block=100", *more]


def finished(folder):
    """The finished blocks and when each was written."""
    return {path.name: path.stat().st_mtime_ns for path in folder.glob("out.npy.partial/*.arrow")}


def test_a_folder_of_the_users_own_stays(dense, rows, tmp_path):
    (tmp_path / "out.npy.partial" / "sub").mkdir(parents=True)
    with pytest.raises(InputError, match=r"holds something else \(sub\); move it away"):
        zoo.encode(dense, rows, tmp_path / "out.npy", quiet=True)
    assert [each.name for each in (tmp_path / "out.npy.partial").iterdir()] == ["sub"]


def expect(encoder, rows, folder):
    np.testing.assert_allclose(np.load(folder / "out.npy"), zoo.load(encoder).encode(np.load(rows)), atol=1e-6)
    assert sorted(path.name for path in folder.iterdir()) == sorted(["out.npy", Path(rows).name])


def counted(monkeypatch):
    """The blocks that are encoded from now on."""
    original, calls = Encoder.call, []
    monkeypatch.setattr(Encoder, "call", lambda self, *given: calls.append(given) or original(self, *given))
    return calls


def test_an_interrupt_says_that_the_same_command_goes_on_and_it_does(
    half_done, dense, rows, tmp_path, capsys, monkeypatch
):
    assert 0 < len(half_done) <= 3
    calls = counted(monkeypatch)
    assert main(arguments(dense, rows, tmp_path)) == 0
    assert len(calls) == 10 - len(half_done)
    assert "going on: " in capsys.readouterr().out
    expect(dense, rows, tmp_path)


def test_a_changed_input_starts_afresh_and_says_so(half_done, dense, rows, table, tmp_path, capsys, monkeypatch):
    np.save(rows, table[::-1])
    calls = counted(monkeypatch)
    assert main(arguments(dense, rows, tmp_path)) == 0
    assert len(calls) == 10
    assert "starting afresh: input changed" in capsys.readouterr().out
    expect(dense, rows, tmp_path)


def test_another_encoder_starts_afresh(half_done, dense, integers, rows, tmp_path, capsys):
    assert main(arguments(integers, rows, tmp_path)) == 0
    assert "starting afresh: encoder changed" in capsys.readouterr().out
    expected = zoo.load(integers).encode(np.load(rows))
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy") * np.float32(0.25), expected)


def test_a_damaged_part_is_made_again(half_done, dense, rows, tmp_path, monkeypatch):
    part = tmp_path / "out.npy.partial" / min(half_done)
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    calls = counted(monkeypatch)
    assert main(arguments(dense, rows, tmp_path)) == 0
    assert len(calls) == 11 - len(half_done)
    expect(dense, rows, tmp_path)


def test_an_input_that_changes_meanwhile_gives_no_output(dense, rows, table, tmp_path, monkeypatch, capsys):
    original = Encoder.call

    def changing(self, *given):
        os.utime(rows, ns=(0, time.time_ns()))
        return original(self, *given)

    monkeypatch.setattr(Encoder, "call", changing)
    assert main(arguments(dense, rows, tmp_path)) == 2
    assert "was changed while it was encoded" in capsys.readouterr().err
    assert not (tmp_path / "out.npy").exists()


def test_a_second_job_for_the_same_output_is_refused(dense, rows, tmp_path, capsys):
    with Parts(tmp_path / "out.npy.partial").claimed():
        assert main(arguments(dense, rows, tmp_path)) == 1
    assert "another process is writing this output" in capsys.readouterr().err
    assert main(arguments(dense, rows, tmp_path)) == 0
    expect(dense, rows, tmp_path)


def test_a_full_disk_leaves_no_output_and_the_next_call_goes_on(dense, rows, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4000, hard))  # parts fit, the output does not
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(ZooError, match="make space, then the same command goes on"):
            zoo.encode(dense, rows, tmp_path / "out.npy", block=100, quiet=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert finished(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.npy.partial", "rows.npy"]
    zoo.encode(dense, rows, tmp_path / "out.npy", block=100, quiet=True)
    expect(dense, rows, tmp_path)


def test_an_output_that_is_there_is_replaced_only_when_that_is_said(dense, rows, tmp_path, capsys):
    (tmp_path / "out.npy").write_text("precious")
    assert main(arguments(dense, rows, tmp_path)) == 2
    assert "overwrite=true" in capsys.readouterr().err
    assert (tmp_path / "out.npy").read_text() == "precious"
    assert main(arguments(dense, rows, tmp_path, "overwrite=true")) == 0
    expect(dense, rows, tmp_path)


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_job_goes_on_and_ends_as_if_it_had_not_been(dense, tmp_path):
    table = np.random.default_rng(0).normal(size=(200_000, 4)).astype(np.float32)
    np.save(tmp_path / "rows.npy", table)
    command = [sys.executable, "-m", "zoo.encode", *arguments(dense, tmp_path / "rows.npy", tmp_path, "block=500")[:3]]
    command.append("block=500")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [HOME, os.environ.get("PYTHONPATH")]))}
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while len(finished(tmp_path)) < 20:
        assert killed.poll() is None, killed.stdout.read()
        time.sleep(0.001)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    killed.stdout.close()
    assert not (tmp_path / "out.npy").exists()
    kept = finished(tmp_path)
    assert 20 <= len(kept) < 400
    resumed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert f"going on: {500 * len(kept):,} rows are encoded already" in resumed.stdout
    assert resumed.stderr == ""
    expect(dense, tmp_path / "rows.npy", tmp_path)


@pytest.mark.slow
def test_two_jobs_at_once_leave_one_whole_output(dense, tmp_path):
    table = np.random.default_rng(0).normal(size=(100_000, 4)).astype(np.float32)
    np.save(tmp_path / "rows.npy", table)
    said = []

    def run():
        try:
            zoo.encode(dense, tmp_path / "rows.npy", tmp_path / "out.npy", block=500, quiet=True)
        except (InputError, ZooError) as error:
            said.append(str(error))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(said) == 1
    assert "another process is writing this output" in said[0] or "the file exists" in said[0]
    expect(dense, tmp_path / "rows.npy", tmp_path)


def test_what_a_killed_process_left_of_the_output_goes_with_the_next(dense, rows, tmp_path):
    (tmp_path / ".out.npy.new-1234").write_bytes(b"half")
    assert main(arguments(dense, rows, tmp_path)) == 0
    expect(dense, rows, tmp_path)


def test_memory_of_a_block_goes_by_the_width_of_its_rows(images, rng, tmp_path):
    np.save(tmp_path / "images.npy", np.zeros((10, 8, 8, 1), np.uint8))
    out = zoo.encode(images, tmp_path / "images.npy", tmp_path / "out.parquet", block=4, quiet=True)
    assert pq.ParquetFile(out).num_row_groups == 3
