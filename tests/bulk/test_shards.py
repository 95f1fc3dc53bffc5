"""Folders of files as targets, without an encoder."""

import uuid

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.bulk.target import target_of
from zoo.errors import InputError, ZooError

OLD, NEW = {"encoder": "old"}, {"encoder": "new"}


@pytest.fixture(params=["here", "memory"])
def output(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return "codes/" if request.param == "here" else f"memory://{uuid.uuid4().hex}/codes/"


def begun(output, job, *, overwrite=True):
    target = target_of(output, 1)
    target.parts.mkdir(exist_ok=True)
    return target, target.begin(job, overwrite=overwrite)


def write(target, number, value):
    target.write(number, iter([pa.table({"embedding": pa.array([[value]], pa.list_(pa.float32(), 1))})]), 1, {})


def values(output):
    """What a reader sees of each file, by its name."""
    files, home = fsspec.core.url_to_fs(output)
    found = {path.rpartition("/")[2]: path for path in files.find(home)}
    return {
        name: pq.read_table(files.open(path))["embedding"].to_pylist()[0][0] if name.endswith("parquet") else None
        for name, path in found.items()
        if name[0] != "."
    }


def old_output(output):
    target, _ = begun(output, OLD)
    for number in range(3):
        write(target, number, 1.0)
    target.finish()
    whole = {"_SUCCESS": None, **{f"part-0000{number}.parquet": 1.0 for number in range(3)}}
    assert values(output) == whole
    return whole


def test_an_old_output_is_whole_until_the_new_one_is(output):
    whole = old_output(output)
    target, done = begun(output, NEW)
    assert not done
    write(target, 0, 2.0)
    assert values(output) == whole
    target, done = begun(output, NEW)  # interrupted, and called again
    assert done == {0}
    write(target, 1, 2.0)
    assert values(output) == whole
    target.finish()
    assert values(output) == {"_SUCCESS": None, "part-00000.parquet": 2.0, "part-00001.parquet": 2.0}
    files, home = fsspec.core.url_to_fs(output)
    assert len(files.find(home)) == 3  # hidden ones too


def test_files_of_a_job_that_is_given_up_go_and_the_old_output_stays(output):
    whole = old_output(output)
    write(begun(output, NEW)[0], 0, 2.0)
    _, done = begun(output, {"encoder": "third"})
    assert not done
    assert values(output) == whole
    files, home = fsspec.core.url_to_fs(output)
    assert len(files.find(home)) == 4
    _, done = begun(output, NEW)  # files of the old output have the sizes of those that went
    assert not done


def test_a_swap_that_breaks_off_goes_on(output, monkeypatch):
    old_output(output)
    target, _ = begun(output, NEW)
    for number in range(3):
        write(target, number, 2.0)
    original, moved = type(target._system).mv, []

    def breaks(self, *given, **more):
        if moved:
            raise PermissionError("expired token")
        moved.append(given)
        return original(self, *given, **more)

    with monkeypatch.context() as patch:
        patch.setattr(type(target._system), "mv", breaks)
        with pytest.raises(ZooError, match="the same command goes on") as caught:
            target.finish()
    assert not isinstance(caught.value, InputError)
    assert "_SUCCESS" not in values(output)
    target, done = begun(output, NEW)
    assert done == {0, 1, 2}
    target.finish()
    assert set(values(output).values()) == {None, 2.0}
    assert len(values(output)) == 4


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("file://{}/out/*.parquet", "out/"),
        ("{}/out/part-00000.parquet", "file://{}/out/"),
        ("{}/links", "out/"),
        ("{}/[o]*", "out/"),
        ("{}/above", "out/"),
    ],
)
def test_what_is_read_is_found_by_whatever_name(tmp_path, monkeypatch, source, place):
    monkeypatch.chdir(tmp_path)
    for folder in ("out", "links"):
        (tmp_path / folder).mkdir()
    (tmp_path / "out" / "part-00000.parquet").touch()
    (tmp_path / "links" / "rows.parquet").symlink_to(tmp_path / "out" / "part-00000.parquet")
    (tmp_path / "above").symlink_to(tmp_path)
    target = target_of(place.format(tmp_path), None)
    with pytest.raises(InputError, match="holds what is read"):
        target.require(source.format(tmp_path), overwrite=True)
    target.require(f"{tmp_path}/elsewhere.parquet", overwrite=True)
