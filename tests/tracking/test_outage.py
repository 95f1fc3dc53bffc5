"""A server of MLflow's that goes away while a run is tracked: the real application, on a real socket."""

import json
import threading
import time

import pytest

from zoo.errors import ZooError
from zoo.tracking import _outbox, _patience, _run_end
from zoo.tracking.tracker import Tracker

pytestmark = pytest.mark.slow  # MLflow's server takes seconds to import, and its tables to make


class Server:
    """MLflow's server in a thread; it can be stopped, and started again at the same address.

    Attributes:
        asked: the paths of all requests.
    """

    def __init__(self, application):
        self.application, self.asked, self.port = application, [], 0
        self.start()

    def start(self):
        from werkzeug.serving import make_server

        self._server = make_server("127.0.0.1", self.port, self._counted, threaded=True)
        self.port = self._server.port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    @property
    def uri(self):
        return f"http://127.0.0.1:{self.port}"

    def _counted(self, environ, start_response):
        self.asked.append(environ["PATH_INFO"].removeprefix("/api/2.0/mlflow/"))
        return self.application(environ, start_response)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("_MLFLOW_SERVER_FILE_STORE", f"sqlite:///{folder}/mlflow.db")
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", "mlflow-artifacts:/")
        patch.setenv("_MLFLOW_SERVER_ARTIFACT_DESTINATION", str(folder / "artifacts"))
        patch.setenv("_MLFLOW_SERVER_SERVE_ARTIFACTS", "true")
        patch.setenv("MLFLOW_TRACKING_URI", "")  # to be put back: the server sets it, for the whole process
        import mlflow
        from mlflow.server import app

        yield Server(app)
        mlflow.set_tracking_uri(None)


@pytest.fixture
def tracker(server, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for module in (_outbox, _patience):
        monkeypatch.setattr(module, "PAUSE", 0.05)
    monkeypatch.setattr(_run_end, "_LAST_WORDS", 0.1)
    monkeypatch.setattr(_patience, "_SHOWN_AFTER", 0.1)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return Tracker(server.uri)


def history(tracker, run_id, name="loss"):
    with tracker.connected() as client:
        return [(point.step, point.value) for point in client.get_metric_history(run_id, name)]


def test_training_goes_on_through_an_outage_and_nothing_is_lost(tracker, server, tmp_path, capsys):
    with tracker.run("recipe") as run:
        run.epoch_ends(0, {"loss": 0.0, "val_loss": float("nan")})
        server.stop()
        started = time.monotonic()
        for epoch in range(1, 300):
            run.epoch_ends(epoch, {"loss": float(epoch), "val_loss": 1.0})
        assert time.monotonic() - started < 1
        (kept,) = (tmp_path / "mlruns" / "unsent").iterdir()
        assert len(kept.read_bytes().splitlines()) >= 299
        while "training goes on" not in (said := capsys.readouterr().err):
            time.sleep(0.02)
        assert f"MLflow at {server.uri} does not answer" in said
        assert "unsent" in said
        back = threading.Timer(0.5, server.start)
        back.start()
        run.log_tags({"waited": "yes"})  # asked while nobody is there
        back.join()
    assert history(tracker, run.run_id) == [(epoch + 1, float(epoch)) for epoch in range(300)]
    assert not kept.exists()
    assert server.asked.count("runs/log-batch") < 20
    with tracker.connected() as client:
        found = client.get_run(run.run_id)
    assert (found.info.status, found.data.tags["waited"]) == ("FINISHED", "yes")


def test_what_could_not_be_sent_is_sent_when_the_run_is_taken_up(tracker, server, tmp_path):
    def interrupted():
        with tracker.run("recipe") as run:
            run.epoch_ends(0, {"loss": 0.5})
            server.stop()
            run.epoch_ends(1, {"loss": 0.25})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    (kept,) = (tmp_path / "mlruns" / "unsent").iterdir()
    with kept.open("a") as file:
        file.write(json.dumps([["loss", 0.125, 0, 3]]) + "\n" + '[["loss", 0.0')  # where a kill has cut it off
    server.start()
    with tracker.run("recipe", resume=kept.stem) as again:
        again.epoch_ends(3, {"loss": 0.0625})
    assert sorted(history(tracker, again.run_id)) == [(1, 0.5), (2, 0.25), (3, 0.125), (4, 0.0625)]
    assert not kept.exists()


def test_a_server_that_stays_away_is_said_and_what_is_not_sent_is_kept(tracker, server, tmp_path, monkeypatch, capsys):
    def left_alone():
        with tracker.run("recipe") as run:
            server.stop()
            run.epoch_ends(0, {"loss": 0.5})

    for module in (_outbox, _patience):
        monkeypatch.setattr(module, "LIMIT", 0.3)
    with pytest.raises(ZooError, match=r"has not answered for .* start the server again, .* keeps what is not sent"):
        left_alone()
    (kept,) = (tmp_path / "mlruns" / "unsent").iterdir()
    assert f"{kept} keeps what is not sent yet" in capsys.readouterr().err
    with pytest.raises(ZooError, match="has not answered for"):
        history(tracker, kept.stem)
    server.start()


def test_what_the_server_refuses_ends_the_run_and_is_set_aside(tracker, tmp_path, capsys):
    def deleted():
        with tracker.run("recipe") as run:
            with tracker.connected() as client:
                client.delete_run(run.run_id)
            run.epoch_ends(0, {"loss": 0.5})

    with pytest.raises(ZooError, match=r"MLflow at .*active"):
        deleted()
    assert "refuses what training logs" in capsys.readouterr().err
    (kept,) = (tmp_path / "mlruns" / "unsent").iterdir()
    assert kept.suffix == ".refused"
