"""What is wrong with flags and files is said before TensorFlow is imported."""

import json
import socket
import subprocess
import sys

import pytest

from serving.__main__ import main
from serving.flags import read_flags
from serving.settings import read_settings


@pytest.fixture
def without_tensorflow(monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    monkeypatch.delitem(sys.modules, "serving.server", raising=False)
    monkeypatch.delitem(sys.modules, "serving.servable", raising=False)


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--monitoring_config_file", "FILE"], 'no field named "nonsense"'),
        (["--enable_batching", "--batching_parameters_file", "FILE"], 'no field named "nonsense"'),
        (["--ssl_config_file", "FILE"], 'no field named "nonsense"'),
        (["--ssl_config_file", "NO_KEY"], "must be the PEM texts of a key and its certificate"),
        (["--bearer_token_file", "MISSING"], "No such file or directory"),
        (["--bearer_token_file", "EMPTY"], "there is no token in it"),
        (["--rest_api_port", "TAKEN"], "REST cannot listen on 127.0.0.1:"),
        (["--port", "TAKEN"], "gRPC cannot listen on 127.0.0.1:"),
        (["--host", "300.0.0.1"], "REST cannot listen on 300.0.0.1:0"),
    ],
)
def test_files_and_ports(flags, words, tmp_path, taken, without_tensorflow, capsys):
    (tmp_path / "file").write_text("nonsense: 1")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "no_key").write_text(f"server_key: {json.dumps('none')} server_cert: {json.dumps('none')}")
    values = {"FILE": "file", "MISSING": "missing", "EMPTY": "empty", "NO_KEY": "no_key"}
    filled = [str(tmp_path / values[flag]) if flag in values else flag.replace("TAKEN", taken) for flag in flags]
    ports = ["--port=0", "--rest_api_port=0"]
    assert main(["--model_base_path", str(tmp_path), *ports, *filled]) == 2
    assert words in capsys.readouterr().err


def test_a_list_of_models(tmp_path, without_tensorflow, capsys):
    config = tmp_path / "models.config"
    for text, words in (("model_config_list {", "Expected"), (_model("a", "relative"), "an absolute path or URI")):
        config.write_text(text)
        assert main(["--model_config_file", str(config), "--port=0", "--rest_api_port=0"]) == 2
        assert words in capsys.readouterr().err


def test_what_is_right_is_said_to_start_before_tensorflow_is_imported(tmp_path):
    # in a process of its own: in this one other tests may have imported what main imports, and it would serve for ever
    program = "import sys; sys.modules['tensorflow'] = None; from serving.__main__ import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", program, "--model_base_path", str(tmp_path), "--port=0", "--rest_api_port=0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.startswith("starting TensorFlow, then loading the models ...\n")
    assert done.returncode == 1
    assert "No module named 'tensorflow" in done.stderr or "import of tensorflow" in done.stderr


def test_prometheus_has_the_path_that_is_asked_for(tmp_path):
    config = tmp_path / "monitoring.config"
    for text, path in (
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/metrics" }', "/metrics"),
        ('prometheus_config { path: "/metrics" }', ""),
    ):
        config.write_text(text)
        flags = ["--model_base_path", str(tmp_path), "--port=0", "--rest_api_port=0"]
        settings = read_settings(read_flags([*flags, "--monitoring_config_file", str(config)]))
        settings.listener.close()
        assert settings.prometheus_path == path


def _model(name, path):
    return f'model_config_list {{ config {{ name: "{name}" base_path: "{path}" model_platform: "tensorflow" }} }}'
