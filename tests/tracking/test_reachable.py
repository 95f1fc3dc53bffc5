"""An MLflow that is not there: real sockets, real commands."""

import contextlib
import http.server
import socket
import threading
import time

import pytest

import zoo
from zoo.errors import ZooError
from zoo.push import main as push
from zoo.rollback import main as rollback
from zoo.run import main as run
from zoo.tracking import _patience, _reachable
from zoo.tracking._patience import Patient, waiting_shown
from zoo.tracking._reachable import require_reachable

COMMANDS = {
    "run": lambda: run(["recipe=vae_word2vec"]),
    "push": lambda: push(["name", "target=store"]),
    "rollback": lambda: rollback(["name"]),
}


@pytest.fixture
def nobody():
    """An address that refuses connections."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@contextlib.contextmanager
def answering(*statuses):
    """A server that gives these statuses in turn, the last one for ever."""
    left = list(statuses)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def quick(monkeypatch):
    for name, seconds in {"_PATIENCE": 0.2, "_LIMIT": 1.0, "_PAUSE": 0.1}.items():
        monkeypatch.setattr(_reachable, name, seconds)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_within_five_seconds_that_nobody_is_there(command, nobody, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", nobody)
    started = time.monotonic()
    assert COMMANDS[command]() == 1
    assert time.monotonic() - started < 5
    said = capsys.readouterr().err
    assert f"error: MLflow at {nobody} cannot be reached: [Errno 111] Connection refused; start the server" in said
    assert "MLFLOW_TRACKING_URI" in said


def test_loading_says_so_too(nobody, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", nobody)
    with pytest.raises(ZooError, match="cannot be reached"):
        zoo.load("name")


@pytest.mark.parametrize("uri", ["http://no-such-host.invalid:5000", "postgresql://user@no-such-host.invalid/mlflow"])
def test_a_host_that_nobody_knows_is_said_at_once(uri):
    with pytest.raises(ZooError, match=r"no-such-host\.invalid.* cannot be reached: \[Errno -"):
        require_reachable(uri)


def test_a_server_that_says_nothing_is_waited_for_and_that_is_shown(quick, capsys):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ZooError, match="does not answer"):
            require_reachable(uri)
    assert f"MLflow at {uri} has not answered; waiting for up to 1 s" in capsys.readouterr().err


def test_a_server_that_is_not_ready_is_waited_for(quick, capsys):
    with answering(503, 503, 200) as uri:
        require_reachable(uri)
        require_reachable(uri)
    assert capsys.readouterr().err.count("is not ready (it answers 503); waiting for up to 1 s") == 1
    with answering(503) as uri, pytest.raises(ZooError, match=r"is not ready \(it answers 503\) after 1 s"):
        require_reachable(uri)
    with answering(401) as uri:
        require_reachable(uri)  # it is there; what it wants is between it and MLflow's client


def test_files_are_not_asked():
    require_reachable("sqlite:///mlruns/mlflow.db")
    require_reachable("databricks")


def test_whatever_takes_long_later_is_shown(monkeypatch, capsys):
    class Client:
        name = "a value"

        def search(self, seconds):
            time.sleep(seconds)
            return seconds

    monkeypatch.setattr(_patience, "_SHOWN_AFTER", 0.1)
    patient = Patient(Client(), "http://there")
    assert patient.name == "a value"
    assert patient.search(0.3) == 0.3
    assert "waiting for MLflow at http://there" in capsys.readouterr().err
    with waiting_shown(lambda: "waiting"):
        pass
    assert not capsys.readouterr().err
