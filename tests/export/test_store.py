"""Stores: versions appear whole, labels move, two writers do not disturb each other."""

import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import fsspec
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from zoo.errors import InputError, ZooError
from zoo.export.store import Store


@pytest.fixture
def saved(tmp_path):
    folder = tmp_path / "saved"
    for file, text in {"saved_model.pb": "graph", "variables/variables.index": "index", "assets.extra/a b": ""}.items():
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).write_text(text)
    return folder


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    if request.param == "local":
        return Store(tmp_path / "store")
    return Store(f"memory://{tmp_path.name}/models")


def config_of(root):
    text = Path(root, "models.config").read_text()
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig()).model_config_list.config


def test_a_version_is_copied_whole_and_once(store, saved):
    assert store.versions("name") == []
    assert store.add(saved, "name", 7)
    assert store.add(saved, "name", 12)
    assert store.versions("name") == [7, 12]
    assert not store.add(saved, "name", 7)
    files = fsspec.open(f"{store.root}/name/7/variables/variables.index", "r")
    with files as file:
        assert file.read() == "index"


def test_a_store_may_be_named_relative_to_the_working_directory(saved, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Store("store").add(saved, "name", 7)
    assert not Store("store").add(saved, "name", 7)
    Store("store").set_labels("name", {"stable": 7})
    assert Store(f"file://{tmp_path}/store").labels("name") == {"stable": 7}


def test_another_version_of_the_same_number_is_refused(store, saved):
    store.add(saved, "name", 7)
    before = (saved / "saved_model.pb").read_text()
    for other in ("another graph", before[::-1]):  # of the same size
        assert other != before
        (saved / "saved_model.pb").write_text(other)
        if len(other) == len(before) and "://" in store.root:
            continue  # where only sizes are known
        with pytest.raises(ZooError, match="7 is there already, and is something else"):
            store.add(saved, "name", 7)


def test_half_a_version_gets_no_label(saved, tmp_path):
    store = Store(tmp_path / "store")
    store.add(saved, "name", 1)
    (tmp_path / "store" / "name" / "2").mkdir()
    with pytest.raises(InputError, match="no version 2 of name for the label"):
        store.add_label("name", "canary", 2)


def test_labels_are_kept_for_each_model(store, saved):
    for version in (1, 2, 3):
        store.add(saved, "name", version)
    store.add(saved, "other", 5)
    store.set_labels("name", {"stable": 2, "canary": 3})
    store.set_labels("other", {"stable": 5})
    assert store.labels("name") == {"stable": 2, "canary": 3}
    store.set_labels("name", {"stable": 3})
    assert store.labels("name") == {"stable": 3}
    assert store.labels("other") == {"stable": 5}
    assert store.labels("unknown") == {}
    with pytest.raises(InputError, match=r"no version 9 of name for the label 'stable': \[1, 2, 3\]"):
        store.set_labels("name", {"stable": 9})


def test_servers_keep_every_labelled_version_and_room_for_the_next(saved, tmp_path):
    store = Store(tmp_path / "store")
    for version in (1, 4, 6, 9):
        store.add(saved, "name", version)
    store.set_labels("name", {"stable": 4, "canary": 9})
    (entry,) = config_of(store.root)
    assert (entry.name, entry.base_path, entry.model_platform) == ("name", "/models/name", "tensorflow")
    assert entry.model_version_policy.latest.num_versions == 4  # 4, 6, 9, and whatever comes next
    store.set_labels("name", {"stable": 9})
    assert config_of(store.root)[0].model_version_policy.latest.num_versions == 2


def test_a_version_without_a_label_pushes_out_none_that_has_one(saved, tmp_path):
    store = Store(tmp_path / "store")
    store.add(saved, "name", 1)
    store.set_labels("name", {"stable": 1})
    for version in (2, 3, 4):
        store.add(saved, "name", version)
        assert config_of(store.root)[0].model_version_policy.latest.num_versions > version - 1
    with store.staged("name") as staged:
        shutil.copytree(saved, staged)
        store.publish(staged, "name", 5)
    assert config_of(store.root)[0].model_version_policy.latest.num_versions == 6


def test_a_policy_and_labels_of_a_persons_own_stay(saved, tmp_path):
    store = Store(tmp_path / "store")
    for version in (1, 2):
        store.add(saved, "name", version)
    Path(store.root, "models.config").write_text(
        'model_config_list { config { name: "name" base_path: "/x" model_version_policy { specific { versions: 1 '
        'versions: 2 } } version_labels { key: "blue" value: 1 } version_labels { key: "canary" value: 1 } } }'
    )
    with store.stable_moved("name", 2):
        pass
    (entry,) = config_of(store.root)
    assert list(entry.model_version_policy.specific.versions) == [1, 2]
    assert dict(entry.version_labels) == {"blue": 1, "canary": 2, "stable": 2}  # a canary is never older


def test_a_label_moves_back_if_what_belongs_to_it_fails(store, saved):
    for version in (1, 2):
        store.add(saved, "name", version)
    store.set_labels("name", {"stable": 1, "canary": 2})
    seen = []

    def interrupted():
        with store.stable_moved("name", 2):
            seen.append(store.labels("name"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert seen == [{"stable": 2, "canary": 2}]
    assert store.labels("name") == {"stable": 1, "canary": 2}


@pytest.mark.parametrize(
    ("before", "version", "after"),
    [
        ({"stable": 1, "canary": 2}, 2, {"stable": 2, "canary": 2}),  # promoted
        ({"stable": 2, "canary": 2}, 1, {"stable": 1, "canary": 1}),  # rolled back
        ({"stable": 2, "canary": 3}, 1, {"stable": 1, "canary": 3}),  # rolled back under another's test
        ({"stable": 1, "canary": 1}, 3, {"stable": 3, "canary": 3}),
        ({"stable": 2}, 1, {"stable": 1}),
        ({"canary": 2}, 2, {"stable": 2, "canary": 2}),
    ],
)
def test_who_asks_for_a_canary_is_answered_whatever_becomes_of_stable(store, saved, before, version, after):
    for each in (1, 2, 3):
        store.add(saved, "name", each)
    store.set_labels("name", before)
    store.add_label("name", "stable", version)
    assert store.labels("name") == after
    store.set_labels("name", before)
    with store.stable_moved("name", version):
        assert store.labels("name") == after


@pytest.mark.parametrize("prefix", ["file://", "local://", "file:"])
def test_a_url_of_a_folder_is_that_folder(saved, tmp_path, prefix, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Store(f"{prefix}{tmp_path}/store").add(saved, "name", 1)
    assert Store(tmp_path / "store").versions("name") == [1]
    assert {path.name for path in tmp_path.iterdir()} == {"saved", "store"}


def test_what_was_written_by_hand_stays(saved, tmp_path):
    store = Store(tmp_path / "store")
    store.add(saved, "name", 1)
    Path(store.root, "models.config").write_text(
        'model_config_list { config { name: "theirs" base_path: "/x" model_platform: "tensorflow" }'
        ' config { name: "name" base_path: "/elsewhere/name" model_platform: "tensorflow" } }'
    )
    store.set_labels("name", {"stable": 1})
    theirs, ours = config_of(store.root)
    assert (theirs.name, theirs.base_path) == ("theirs", "/x")
    assert (ours.base_path, dict(ours.version_labels)) == ("/elsewhere/name", {"stable": 1})


def test_a_broken_file_is_not_overwritten(saved, tmp_path):
    store = Store(tmp_path / "store")
    store.add(saved, "name", 1)
    Path(store.root, "models.config").write_text("model_config_list { confg {} }")
    with pytest.raises(ZooError, match=r"models\.config cannot be read.*mend it"):
        store.set_labels("name", {"stable": 1})
    assert "confg" in Path(store.root, "models.config").read_text()


def test_writers_at_the_same_time_lose_nothing(saved, tmp_path):
    store = Store(tmp_path / "store")
    names = [f"name{i}" for i in range(8)]
    failures = []

    def push(name):
        try:
            for version in (1, 2):
                Store(store.root).add(saved, name, version)
                Store(store.root).add(saved, "shared", version)
                Store(store.root).set_labels(name, {"stable": version})
        except ZooError as error:
            failures.append(error)

    threads = [threading.Thread(target=push, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert {entry.name: dict(entry.version_labels) for entry in config_of(store.root)} == {
        name: {"stable": 2} for name in names
    }
    assert store.versions("shared") == [1, 2]
    assert not list(Path(store.root).rglob(".candidate-*"))
    assert not list(Path(store.root).glob("*.new"))


def test_a_full_disk_leaves_no_version(saved, tmp_path):
    """A real one: a file system of 1 MB."""
    mount = tmp_path / "small"
    mount.mkdir()
    done = subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], check=False, capture_output=True, text=True
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    try:
        (saved / "variables" / "variables.data").write_bytes(b"x" * 2**21)
        with pytest.raises(ZooError, match=r"could not be copied to.*No space left"):
            Store(mount).add(saved, "name", 1)
        assert list((mount / "name").iterdir()) == []
    finally:
        subprocess.run(["/bin/umount", str(mount)], check=True)


def test_an_object_store_gets_the_graph_last_and_nothing_of_what_failed(saved, monkeypatch):
    files = fsspec.filesystem("memory")
    store = Store("memory://fails/models")
    order, real = [], type(files).put_file

    def failing(self, source, target, **options):
        order.append(target.rpartition("/")[2])
        if target.endswith("saved_model.pb"):
            raise OSError("the connection was lost")
        return real(self, source, target, **options)

    monkeypatch.setattr(type(files), "put_file", failing)
    with pytest.raises(ZooError, match=r"could not be copied to memory://.*connection was lost"):
        store.add(saved, "name", 1)
    assert order[-1] == "saved_model.pb"
    assert len(order) == 3
    assert store.versions("name") == []


def test_an_upload_that_was_killed_is_no_version_and_is_gone_over(saved):
    files = fsspec.filesystem("memory")
    store = Store("memory://killed/models")
    files.pipe_file("/killed/models/name/7/variables/variables.index", b"half")
    assert store.versions("name") == []
    with pytest.raises(InputError, match="no version 7"):
        store.add_label("name", "stable", 7)
    assert store.add(saved, "name", 7)
    assert store.versions("name") == [7]
    assert files.cat_file("/killed/models/name/7/variables/variables.index") == b"index"


def test_a_failing_upload_leaves_alone_what_another_has_finished(saved, monkeypatch):
    files = fsspec.filesystem("memory")
    first, second = Store("memory://two/models"), Store("memory://two/models")
    real, calls = type(files).put_file, []

    def put(self, source, target, **options):
        calls.append(target)
        if len(calls) == 1:
            assert first.add(saved, "name", 1)  # while the second is at its first file
            raise KeyboardInterrupt
        return real(self, source, target, **options)

    monkeypatch.setattr(type(files), "put_file", put)
    with pytest.raises(KeyboardInterrupt):
        second.add(saved, "name", 1)
    assert not second.add(saved, "name", 1)  # it is there, whole


def test_what_clients_of_object_stores_raise_is_explained(monkeypatch):
    store = Store("memory://refused/models")

    class ClientError(Exception):
        """As of a client that knows nothing of OSError."""

    def refuses(*_, **__):
        raise ClientError("access denied")

    monkeypatch.setattr(type(fsspec.filesystem("memory")), "isdir", refuses)
    with pytest.raises(ZooError, match="memory://refused/models cannot be read: access denied"):
        store.versions("name")


_SLOW_PUSH = """
import os, pathlib, sys, time
from zoo.export.store import Store
def wait(number):
    print("copied", flush=True)
    time.sleep(60)
os.fsync = wait
Store(sys.argv[1]).add(pathlib.Path(sys.argv[2]), "name", 1)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_push_that_is_stopped_leaves_no_version(saved, tmp_path, number):
    root = tmp_path / "store"
    process = subprocess.Popen([sys.executable, "-c", _SLOW_PUSH, str(root), str(saved)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"copied\n"
    process.send_signal(number)
    assert process.wait(20) != 0
    assert Store(root).versions("name") == []
    left = [path.name for path in (root / "name").iterdir()]
    assert all(name.startswith(".candidate-") for name in left)  # no server looks there
    assert bool(left) == (number == signal.SIGKILL)
    Store(root).add(saved, "name", 1)  # which clears up
    assert [path.name for path in (root / "name").iterdir()] == ["1"]


def test_a_push_under_way_elsewhere_is_not_taken_for_abandoned(saved, tmp_path):
    """In a container of its own: its process number says nothing out here."""
    root = tmp_path / "store"
    command = ["/usr/bin/unshare", "--pid", "--fork", sys.executable, "-c", _SLOW_PUSH, str(root), str(saved)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        if process.stdout.readline() != b"copied\n":
            pytest.skip(f"no namespaces here: {process.stderr.read().decode()}")
        Store(root).add(saved, "name", 2)
        (under_way,) = [path for path in (root / "name").glob(".candidate-*") if path.is_dir()]
        assert (under_way / "saved_model.pb").is_file()
    finally:
        process.kill()
        process.wait()


def test_a_protocol_that_is_not_known_is_an_input_error():
    with pytest.raises(InputError, match="nonsense"):
        Store("nonsense://bucket")
