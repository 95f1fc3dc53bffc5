"""A store on a real S3 server: pushed to, served, loaded, and away for a while."""

import socket
import time

import httpx
import numpy as np
import pyarrow as pa
import pytest
from served import WEIGHTS, ServerProcess, export_embed

from serving.remote_store import RemoteStore
from zoo.bulk.target import target_of
from zoo.errors import InputError, ZooError
from zoo.export.store import Store
from zoo.loading import find
from zoo.tables.open_table import open_table

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
EYE = {"instances": np.eye(5).tolist()}


@pytest.fixture
def s3(monkeypatch):
    """Starts and stops the server; what it holds stays."""
    s3fs = pytest.importorskip("s3fs")
    moto = pytest.importorskip("moto.server")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "AWS_MAX_ATTEMPTS": "1"}.items():
        monkeypatch.setenv(name, value)
    s3fs.S3FileSystem.clear_instance_cache()  # fsspec keeps clients, with the addresses that they had
    running = []

    def start():
        running.append(moto.ThreadedMotoServer("127.0.0.1", port, verbose=False))
        running[-1].start()

    def stop():
        running.pop().stop()

    start()
    import boto3

    boto3.client("s3").create_bucket(Bucket="bucket")
    yield start, stop
    while running:
        stop()


def test_a_store_on_s3_is_copied_from_before_and_after_an_outage(s3, tmp_path):
    start, stop = s3
    store = Store("s3://bucket/models")
    (tmp_path / "saved" / "variables").mkdir(parents=True)
    for file in ("saved_model.pb", "variables/variables.index"):
        (tmp_path / "saved" / file).write_text(file)
    remote = RemoteStore(store.root, tmp_path / "here")
    remote.first_look()  # nothing is there yet
    assert store.add(tmp_path / "saved", "name", 1)
    assert not store.add(tmp_path / "saved", "name", 1)
    assert remote.update({}, {}, {})
    stop()
    assert not remote.update({}, {}, {})
    start()
    store.add(tmp_path / "saved", "name", 2)
    assert remote.update({}, {}, {"name": {1}})
    found = {path.relative_to(remote.folder).as_posix() for path in remote.folder.glob("name/*/*") if path.is_file()}
    files = ("saved_model.pb", "SHA256SUMS", ".stamp")
    assert found == {f"name/{version}/{file}" for version in (1, 2) for file in files}
    folder, name = find("s3://bucket/models/name")
    assert name == "name/2"
    assert (folder / "variables" / "variables.index").read_text() == "variables/variables.index"
    with pytest.raises(InputError, match="no version of 'name' in s3://bucket/nowhere"):
        find("s3://bucket/nowhere/name")
    with pytest.raises(ZooError, match="The specified bucket does not exist"):  # nor is it made
        Store("s3://typo/models").add(tmp_path / "saved", "name", 1)


def test_embeddings_are_written_to_s3(s3, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    target = target_of("s3://bucket/codes/", None)
    target.parts.mkdir()
    assert target.begin({"job": 1}, overwrite=False) == set()
    for number in range(2):
        target.write(number, [pa.table({"n": [number, 7]})], 2, {})
    again = target_of("s3://bucket/codes/", None)
    assert again.begin({"job": 1}, overwrite=False) == {0, 1}
    again.finish()
    assert open_table("s3://bucket/codes/").rows == 4
    with pytest.raises(InputError, match="holds files already"):
        target_of("s3://bucket/codes/", None).begin({"job": 2}, overwrite=False)
    with pytest.raises(InputError, match="cannot be written to"):
        target_of("s3://typo/codes/", None).begin({"job": 1}, overwrite=False)


@pytest.mark.long
def test_a_store_on_s3_is_served_through_an_outage(s3, tmp_path):
    start, stop = s3
    store = Store("s3://bucket/models")
    for version in (1, 2, 3):
        export_embed(tmp_path / str(version), factor=version)
    store.add(tmp_path / "1", "embed", 1)
    store.add_label("embed", "stable", 1)
    server = ServerProcess(
        "--store", store.root, "--store_cache", tmp_path / "here", "--file_system_poll_wait_seconds", 0.1
    )

    def answer(place):
        found = httpx.post(f"{server.rest}/v1/models/embed{place}:predict", json=EYE)
        return np.array(found.json()["predictions"]) if found.status_code == 200 else found.text

    def comes(place, factor, seconds=20):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if isinstance(values := answer(place), np.ndarray) and np.allclose(values, factor * WEIGHTS, rtol=1e-6):
                return True
            time.sleep(0.05)
        return False

    try:
        assert comes("", 1)
        store.add(tmp_path / "2", "embed", 2)
        store.add_label("embed", "canary", 2)
        assert comes("/labels/canary", 2)
        assert comes("/labels/stable", 1)
        stop()
        end = time.monotonic() + 20
        while not any("what is loaded is served on" in line for line in server.errors) and time.monotonic() < end:
            assert comes("/labels/canary", 2)
        start()
        store.add(tmp_path / "3", "embed", 3)
        assert comes("", 3)
        assert any("can be read again" in line for line in server.errors)
    finally:
        assert server.stop() == 0
