"""A server on a store whose models.config is replaced while it is asked."""

import threading
import time

import httpx
import numpy as np
import pytest
from served import WEIGHTS, WIDTH, ServerProcess, export_embed

pytestmark = pytest.mark.slow
ROWS = {"instances": np.eye(WIDTH).tolist()}


def write_config(store, **labels):
    """As a pusher does: whole, by a rename, with the path of the container."""
    entries = "".join(f'version_labels {{ key: "{label}" value: {version} }} ' for label, version in labels.items())
    policy = f"model_version_policy {{ specific {{ versions: {list(labels.values())} }} }}"
    config = f'config {{ name: "embed" base_path: "/models/embed" model_platform: "tensorflow" {policy} {entries} }}'
    replace(store, f"model_config_list {{ {config} }}")


def replace(store, text):
    new = store / ".models.config.new"
    new.write_text(text)
    new.replace(store / "models.config")


def factor(server, place):
    """By what the version that answers multiplies, or the status it answers with."""
    answer = httpx.post(f"{server.rest}/v1/models/embed{place}:predict", json=ROWS)
    if answer.status_code != 200:
        return answer.status_code
    values = np.array(answer.json()["predictions"])
    found = round(values[-1, -1] / WEIGHTS[-1, -1])
    np.testing.assert_allclose(values, found * WEIGHTS, rtol=1e-5)
    return found


def comes_to(server, place, wanted):
    deadline = time.monotonic() + 20
    while (found := factor(server, place)) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_a_canary_is_promoted_and_rolled_back_without_a_failed_request(tmp_path):
    (tmp_path / "embed").mkdir()
    export_embed(tmp_path / "embed" / "1")
    (tmp_path / "other").mkdir()
    for version in (1, 2):
        export_embed(tmp_path / "other" / str(version))
    write_config(tmp_path, stable=1)
    server = ServerProcess("--store", tmp_path, "--file_system_poll_wait_seconds", "0.1")
    answers, stop = [], threading.Event()

    def ask():
        while not stop.is_set():
            answers.append(factor(server, "/labels/stable"))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        # what the file does not name is served by the default policy: the newest version
        (other,) = httpx.get(f"{server.rest}/v1/models/other").json()["model_version_status"]
        assert other["version"] == "2"
        assert factor(server, "/labels/canary") == 400
        export_embed(tmp_path / "embed" / "2", factor=2)
        write_config(tmp_path, stable=1, canary=2)
        comes_to(server, "/labels/canary", 2)
        assert factor(server, "/labels/stable") == 1
        assert factor(server, "") == 2
        write_config(tmp_path, stable=2, canary=3)
        comes_to(server, "/labels/stable", 2)
        replace(tmp_path, "model_config_list { confg {} }")
        time.sleep(0.3)
        assert factor(server, "/labels/stable") == 2
        assert sum("the models stay as they are" in line and "confg" in line for line in server.errors) == 1
        write_config(tmp_path, stable=1)
        comes_to(server, "/labels/stable", 1)
    finally:
        stop.set()
        thread.join()
        assert server.stop() == 0
    assert set(answers) == {1, 2}


def test_a_server_does_not_start_on_a_broken_file(tmp_path):
    (tmp_path / "models.config").write_text("model_config_list { confg {} }")
    with pytest.raises(RuntimeError, match=r"error: .*models\.config: .*confg"):
        ServerProcess("--store", tmp_path)
