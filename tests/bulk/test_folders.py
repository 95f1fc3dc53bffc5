"""Outputs of several files, and outputs at URLs."""

import uuid

import fsspec
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import zoo
from zoo.bulk.target import target_of
from zoo.encode import main
from zoo.encoder import Encoder
from zoo.tables.open_table import open_table
from zoo.tables.table import Block


@pytest.fixture
def place(table, tmp_path, monkeypatch):
    """Ten blocks of rows with a key, in the folder that commands run in."""
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(table, columns=list("abcd")).assign(key=np.arange(len(table)))
    frame.to_parquet("rows.parquet", row_group_size=100)
    return tmp_path


@pytest.fixture(params=["out/", "memory://"])
def output(request):
    return f"memory://{uuid.uuid4().hex}/codes/" if request.param == "memory://" else request.param


def run(encoder, output, *more, status=0):
    assert main([f"name={encoder}", "input=rows.parquet", f"output={output}", "block=100", *more]) == status


def files_of(output):
    files, home = fsspec.core.url_to_fs(output)
    return {path.rpartition("/")[2]: files.info(path) for path in files.find(home)}


def whole(output):
    return pd.concat(
        pd.read_parquet(f"{output.rstrip('/')}/{name}") for name in sorted(files_of(output)) if name[0] == "p"
    )


def test_a_folder_gets_files_of_so_many_rows_and_a_mark_at_the_end(dense, table, place, output, capsys):
    run(dense, output, "rows_per_file=350")
    assert sorted(files_of(output)) == ["_SUCCESS", *(f"part-0000{number}.parquet" for number in range(4))]
    found = whole(output)
    assert found.key.tolist() == list(range(1000))
    np.testing.assert_allclose(np.stack(found.embedding), zoo.load(dense).encode(table), atol=1e-6)
    first = fsspec.open(f"{output}part-00000.parquet")
    with first as file:
        assert pq.ParquetFile(file).metadata.num_rows == 300  # whole blocks
    assert open_table(output).rows == 1000  # what was written is read
    assert not list(place.glob("*.partial"))
    capsys.readouterr()
    run(dense, output, "rows_per_file=350", status=2)
    assert "holds files already" in capsys.readouterr().err
    run(dense, output, "rows_per_file=500", "overwrite=true")
    assert sorted(files_of(output)) == ["_SUCCESS", "part-00000.parquet", "part-00001.parquet"]


def test_files_that_are_written_stay_through_an_interruption(dense, table, place, output, monkeypatch, capsys):
    original, calls = Encoder.call, []

    def interrupted(self, *given):
        calls.append(given)
        if len(calls) == 8:
            raise KeyboardInterrupt
        return original(self, *given)

    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "call", interrupted)
        run(dense, output, "rows_per_file=200", status=130)
    before = files_of(output)
    assert "_SUCCESS" not in before
    assert len(before) >= 2
    (partial,) = place.glob("*.partial")
    kept = len(list(partial.glob("part-*.arrow")))
    assert 2 * len(before) + kept <= 7  # blocks of files that are written are not kept
    run(dense, output, "rows_per_file=350", status=2)  # another job is refused, and takes nothing along
    assert len(list(partial.glob("part-*.arrow"))) == kept
    calls.clear()
    monkeypatch.setattr(Encoder, "call", lambda self, *given: calls.append(given) or original(self, *given))
    run(dense, output, "rows_per_file=200")
    assert len(calls) == 10 - 2 * len(before) - kept
    assert f"going on: {len(before)} of 5 files are written already" in capsys.readouterr().out
    after = files_of(output)
    assert {name: after[name] for name in before} == before  # neither size nor time has changed
    np.testing.assert_allclose(np.stack(whole(output).embedding), zoo.load(dense).encode(table), atol=1e-6)


def test_one_file_at_a_url(dense, table, place, capsys):
    url = f"memory://{uuid.uuid4().hex}/codes.npy"
    run(dense, url)
    with fsspec.open(url) as file:
        np.testing.assert_allclose(np.load(file), zoo.load(dense).encode(table), atol=1e-6)
    run(dense, url, status=2)
    assert "is there already" in capsys.readouterr().err
    assert not list(place.glob("*.partial"))


@pytest.mark.parametrize("kind", [ConnectionError, PermissionError])
def test_a_url_that_fails_keeps_what_is_done(dense, place, monkeypatch, capsys, kind):
    url = f"memory://{uuid.uuid4().hex}/codes/"

    def fails(*_, **__):
        raise kind("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr(type(fsspec.filesystem("memory")), "put_file", fails)
        run(dense, url, status=1)
    assert "could not be written (no route to host)" in capsys.readouterr().err
    run(dense, url)
    assert "1,000 rows are encoded already" in capsys.readouterr().out
    assert len(whole(url)) == 1000


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["output=mine/"], "holds something else (rows.parquet); name another folder"),
        (["output=mine/", "overwrite=true"], "holds something else (rows.parquet); name another folder"),
        (["output=no/where/"], "there is no folder"),
        (["output=rows.parquet/"], "this is a file; name a folder"),
        (["output=x.parquet", "rows_per_file=3"], "write output=FOLDER/"),
        (["output=x/", "rows_per_file=0"], "at least 1 row"),
        (["output=nonsense://x/"], "nonsense"),
        (["output=memory://x/y.txt"], "no writer for this ending"),
        (["output=mine/sub/", "input=mine"], "lies in the folder that is read"),
        (["output=own/", "input=own/*.parquet", "overwrite=true"], "holds what is read"),
        (["output=own/", "input=own/part-00000.parquet", "overwrite=true"], "holds what is read"),
        (["output=own/", "input=link.parquet", "overwrite=true"], "holds what is read"),
    ],
)
def test_outputs_that_cannot_be_are_refused(dense, place, capsys, given, message):
    (place / "mine").mkdir()
    (place / "mine" / "thesis.tex").write_text("")
    (place / "mine" / "rows.parquet").write_bytes((place / "rows.parquet").read_bytes())
    (place / "own").mkdir()
    (place / "own" / "part-00000.parquet").write_bytes((place / "rows.parquet").read_bytes())
    (place / "link.parquet").symlink_to(place / "own" / "part-00000.parquet")
    more = given if any(each.startswith("input=") for each in given) else ["input=rows.parquet", *given]
    assert main([f"name={dense}", *more]) == 2
    assert message in capsys.readouterr().err
    assert (place / "mine" / "thesis.tex").exists()
    assert (place / "own" / "part-00000.parquet").exists()


def test_rows_are_parted_by_whole_blocks():
    blocks = [Block(number, 0, rows) for number, rows in enumerate([3, 3, 5, 1, 9, 2])]
    files = target_of("x/", 6).split(blocks)
    assert [[block.number for block in file] for file in files] == [[0, 1], [2, 3], [4], [5]]
