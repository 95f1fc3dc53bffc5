"""Stores behind URLs: what `zoo.push` writes there, copied here; files only, without TensorFlow."""

import logging
import os
import uuid

import fsspec
import pytest

from serving.flags import read_flags
from serving.remote_store import RemoteStore
from serving.settings import read_settings
from serving.store_cache import StoreCache, default_folder
from serving.versions import ModelConfig
from zoo.export.store import Store

FILES = {"saved_model.pb": b"graph", "variables/variables.index": b"index", "assets/words": b"one two"}


@pytest.fixture
def saved(tmp_path):
    def make(mark=b""):
        folder = tmp_path / uuid.uuid4().hex
        for name, content in FILES.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content + mark)
        return folder

    return make


@pytest.fixture(params=["memory", "file"])
def pushed(request, tmp_path):
    """A store that is reached through fsspec, and its path there."""
    from zoo.export._object_files import ObjectFiles

    url = f"memory://{uuid.uuid4().hex}/models" if request.param == "memory" else f"file://{tmp_path}/there"
    store = Store(url)
    files, home = fsspec.core.url_to_fs(url)
    store._files = ObjectFiles(files, url, home)  # a folder, too, is treated as an object store here
    return store


@pytest.fixture
def remote(pushed, tmp_path):
    return RemoteStore(pushed.root, tmp_path / "here")


def versions(remote):
    return sorted(path.parent.name for path in remote.folder.glob("name/*/saved_model.pb"))


def update(remote, failed=(), loaded=(), **policy):
    config = ModelConfig("name", remote.folder / "name", **policy)
    return remote.update({"name": config}, {"name": set(failed)}, {"name": set(loaded)})


def test_what_is_wanted_is_copied_whole_and_what_is_not_goes(pushed, remote, saved):
    assert update(remote)
    assert versions(remote) == []
    for version in (7, 8, 12):
        pushed.add(saved(), "name", version)
    assert update(remote, latest=2)
    assert versions(remote) == ["12", "8"]
    for name, content in FILES.items():
        assert (remote.folder / "name" / "12" / name).read_bytes() == content
    assert update(remote, loaded=[8])  # which a server frees only once 12 answers
    assert versions(remote) == ["12", "8"]
    assert update(remote, failed=[12, 8])
    assert versions(remote) == ["12", "7", "8"]
    assert update(remote, specific=(7,), loaded=[7])
    assert versions(remote) == ["7"]
    fsspec.core.url_to_fs(pushed.root)[0].rm(pushed._files.path("name"), recursive=True)
    assert not update(remote, loaded=[7])  # nothing is there any more: as if the bucket were gone
    assert versions(remote) == ["7"]
    pushed.add(saved(), "other", 1)
    assert update(remote, loaded=[7])
    assert sorted(path.name for path in remote.folder.iterdir() if path.name[0] != ".") == ["other"]
    assert list((remote.folder / ".staged").iterdir()) == []


def test_half_a_version_or_one_that_differs_from_its_checksums_is_none(pushed, remote, saved, caplog):
    files, path = fsspec.core.url_to_fs(pushed.root)[0], pushed._files.path
    pushed.add(saved(), "name", 1)
    files.makedirs(path("name", "2", "variables"), exist_ok=True)
    files.pipe_file(path("name", "2", "variables", "variables.index"), b"index")
    update(remote)
    assert versions(remote) == ["1"]
    pushed.add(saved(), "name", 3)
    files.pipe_file(path("name", "3", "assets", "words"), b"two one")
    pushed.add(saved(), "name", 4)
    files.rm_file(path("name", "4", "assets", "words"))
    with caplog.at_level(logging.WARNING, "serving"):
        update(remote)
        update(remote)
    assert versions(remote) == ["1"]
    assert [record.getMessage() for record in caplog.records] == [
        f"{pushed.root}: name version 4 could not be copied: assets/words is missing, which SHA256SUMS lists",
        f"{pushed.root}: name version 3 could not be copied: assets/words is not what SHA256SUMS says",
    ]
    files.pipe_file(path("name", "4", "assets", "words"), FILES["assets/words"])
    update(remote)
    assert versions(remote) == ["4"]


def test_a_version_that_was_pushed_anew_is_copied_anew(pushed, remote, saved):
    pushed.add(saved(), "name", 1)
    update(remote)
    fsspec.core.url_to_fs(pushed.root)[0].rm(pushed._files.path("name"), recursive=True)
    pushed.add(saved(b"!"), "name", 1)
    update(remote)
    assert (remote.folder / "name" / "1" / "assets" / "words").read_bytes() == b"one two!"


def test_an_outage_leaves_what_is_here_and_is_said_once(pushed, remote, saved, monkeypatch, caplog):
    pushed.add(saved(), "name", 1)
    pushed.set_labels("name", {"stable": 1})
    update(remote)
    told = (remote.folder / "models.config").read_text()
    assert 'key: "stable"' in told
    files = type(fsspec.core.url_to_fs(pushed.root)[0])

    def away(*_, **__):
        raise ConnectionError("no route to host")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING, "serving"):
        patch.setattr(files, "find", away)
        assert not update(remote)
        assert not update(remote)
        RemoteStore(pushed.root, remote.folder).first_look()  # a restart
        with pytest.raises(ValueError, match="cannot be read: no route to host"):
            RemoteStore(pushed.root, remote.folder.with_name("empty")).first_look()
    assert versions(remote) == ["1"]
    assert (remote.folder / "models.config").read_text() == told
    with caplog.at_level(logging.WARNING, "serving"):
        assert update(remote)
    said = [record.getMessage() for record in caplog.records]
    assert [each.partition("; ")[2] or each.partition(" ")[2] for each in said] == [
        "what is loaded is served on", "what was copied before is served", "can be read again",
    ]  # fmt: skip


def test_names_that_lead_elsewhere_are_not_followed(tmp_path, saved):
    files, home = fsspec.filesystem("memory"), f"/{uuid.uuid4().hex}"
    for key in ("name/1/../../../out", "../name/1/saved_model.pb", "name/1/saved_model.pb", ".git/1/saved_model.pb"):
        files.store[f"{home}/{key}"] = type(files._open("/made", "wb"))(files, f"{home}/{key}", b"x")
    remote = RemoteStore(f"memory:/{home}", tmp_path / "here")
    remote.update({}, {}, {})
    found = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"here/.copy_of", "here/name/1/saved_model.pb", "here/name/1/.stamp"}


def test_a_folder_of_something_else_is_not_tidied(tmp_path, monkeypatch):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(ValueError, match="holds something else than copies"):
        StoreCache(tmp_path / "mine", "s3://a/b")
    cache = StoreCache(tmp_path / "new", "s3://a/b")
    (cache.folder / ".staged" / "of a killed server").mkdir(parents=True)
    with cache.staged() as staged:
        StoreCache(tmp_path / "new", "s3://a/b")
        assert list((cache.folder / ".staged").iterdir()) == [staged]
    StoreCache(tmp_path / "new", "s3://a/b/")  # the same
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / ".copy_of-123").write_text("s3://a/b")  # by a server that claims it at this moment
    StoreCache(tmp_path / "begun", "s3://a/b")
    original = os.link

    def link(*given):  # in a container of its own another server has the same process id, and is faster
        monkeypatch.setattr(os, "link", original)
        StoreCache(tmp_path / "shared", "s3://a/b")
        original(*given)

    monkeypatch.setattr(os, "link", link)
    StoreCache(tmp_path / "shared", "s3://a/b")
    with pytest.raises(ValueError, match="what was copied from s3://a/b; name another"):
        StoreCache(tmp_path / "new", "s3://a/c")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder("s3://a/b").parent == tmp_path / "encoder-zoo"
    assert default_folder("s3://a/b/") == default_folder("s3://a/b")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--store", "nonsense://x"], "nonsense"),
        (["--store", "memory://one_model"], "holds the versions of one model"),
    ],
)
def test_a_store_that_cannot_be_served_is_said_at_once(tmp_path, flags, message):
    fsspec.filesystem("memory").pipe_file("/one_model/7/saved_model.pb", b"graph")
    read = read_flags([*flags, "--store_cache", str(tmp_path / "here"), "--port", "0", "--rest_api_port", "0"])
    assert read.file_system_poll_wait_seconds == 10
    with pytest.raises(ValueError, match=message):
        read_settings(read)
