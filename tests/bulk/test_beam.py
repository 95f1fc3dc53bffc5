"""The same job as a pipeline of Apache Beam's: a real one, with two worker processes."""

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import zoo
from zoo.encode import main

TWO = "--direct_running_mode=multi_processing --direct_num_workers=2"
HOME = str(Path(__file__).parents[2])


@pytest.fixture
def rows(table, tmp_path):
    columns = {"id": np.arange(1000), "vector": pa.FixedSizeListArray.from_arrays(pa.array(table.reshape(-1)), 4)}
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet", row_group_size=200)
    return tmp_path / "rows.parquet"


@pytest.fixture
def beam(monkeypatch):
    pytest.importorskip("apache_beam", reason="needs Apache Beam: pip install 'encoder-zoo[beam]'")
    # the workers are processes of their own
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [HOME, os.environ.get("PYTHONPATH")])))


@pytest.mark.long
def test_two_workers_give_what_this_process_gives(beam, dense, rows, tmp_path):
    zoo.encode(dense, rows, tmp_path / "here.parquet", block=64, quiet=True)
    out = zoo.encode(dense, rows, tmp_path / "there.parquet", block=64, runner="DirectRunner", options=TWO, quiet=True)
    assert out.read_bytes() == (tmp_path / "here.parquet").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["here.parquet", "rows.parquet", "there.parquet"]


def test_what_a_worker_finds_wrong_is_said_as_without_workers(beam, dense, table, tmp_path, capsys):
    table[777, 2] = np.nan
    np.save(tmp_path / "rows.npy", table)
    arguments = [f"name={dense}", f"input={tmp_path}/rows.npy", f"output={tmp_path}/out.npy", "block=100"]
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert "row 777 (from 0" in said
    assert main([*arguments, "runner=directrunner"]) == 2
    assert capsys.readouterr().err == said
    assert not (tmp_path / "out.npy").exists()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["runner=FlinkRunnr"], "did you mean 'FlinkRunner'"),
        (["runner=DirectRunner", "options=--direct_num_wrkers=2"], "knows no --direct_num_wrkers"),
        (["runner=DirectRunner", "options=--direct_num_workers=two"], "does not understand"),
    ],
)
def test_runners_and_options_that_do_not_exist(beam, dense, rows, tmp_path, capsys, given, message):
    assert main([f"name={dense}", f"input={rows}", f"output={tmp_path}/out.npy", *given]) == 2
    assert message in capsys.readouterr().err


def test_without_beam_the_message_says_what_to_install(dense, rows, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "apache_beam", None)  # as if it were not installed
    monkeypatch.delitem(__import__("sys").modules, "zoo.bulk.beam", raising=False)
    assert main([f"name={dense}", f"input={rows}", f"output={tmp_path}/out.npy", "runner=DirectRunner"]) == 2
    assert "pip install 'encoder-zoo[beam]'" in capsys.readouterr().err


def test_options_without_a_runner(dense, rows, tmp_path, capsys):
    assert main([f"name={dense}", f"input={rows}", f"output={tmp_path}/out.npy", f"options={TWO}"]) == 2
    assert "say which with runner=" in capsys.readouterr().err
