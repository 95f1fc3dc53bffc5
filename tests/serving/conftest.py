"""A store of real SavedModels, and a server on it."""

import pytest
from served import ServerProcess, export_embed, export_half


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    (folder / "embed").mkdir()
    (folder / "half_plus_two").mkdir()
    export_embed(folder / "embed" / "1")
    export_half(folder / "half_plus_two" / "123")
    return folder


@pytest.fixture(scope="module")
def monitoring(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "monitoring.config"
    path.write_text("prometheus_config { enable: true }\n")
    return path


@pytest.fixture(scope="module")
def server(store, monitoring):
    process = ServerProcess(
        "--store",
        store,
        "--monitoring_config_file",
        monitoring,
        "--file_system_poll_wait_seconds",
        "0.2",
        "--rest_api_max_body_bytes",
        20 * 2**20,
    )
    yield process
    assert process.stop() == 0
