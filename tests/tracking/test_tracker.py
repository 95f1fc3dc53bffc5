import os
from pathlib import Path

import numpy as np
import pytest

from zoo.errors import InputError, ZooError
from zoo.tracking.tracker import Tracker

pytestmark = pytest.mark.slow  # MLflow's tables take seconds to make


@pytest.fixture
def tracker(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return Tracker()


def client_of(tracker):
    import mlflow

    return mlflow.MlflowClient(f"sqlite:///{tracker.folder.absolute()}/mlflow.db")


def test_the_store_is_a_file_under_mlruns_unless_told_otherwise(tracker, monkeypatch):
    assert tracker.resolved_uri == "sqlite:///mlruns/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere/db.sqlite")
    assert Tracker().resolved_uri == "sqlite:///elsewhere/db.sqlite"
    assert Tracker("http://host:5000").resolved_uri == "http://host:5000"
    assert Tracker("http://host:5000").folder is None


def test_an_empty_registry_has_no_champion(tracker):
    tracker.require_writable()
    assert tracker.champion("nothing") is None
    assert tracker.newest_version("nothing") == 0
    with pytest.raises(InputError, match="no registered encoder 'nothing'; registered: none"):
        tracker.model_directory("models:/nothing/1")


def test_asking_for_an_encoder_makes_no_registry(tracker):
    for ask in (tracker.model_directory, tracker.resolved):
        with pytest.raises(InputError, match=r"^nothing/1: there is no MLflow registry mlruns/mlflow\.db; train"):
            ask("nothing/1")
    assert not Path("mlruns").exists()


def test_a_registry_that_cannot_be_asked_has_not_said_that_there_is_no_champion(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    tracker = Tracker("http://127.0.0.1:9")  # the discard service, which nobody runs
    for ask in (tracker.champion_version, tracker.resolved, tracker.newest_version):
        with pytest.raises(ZooError, match=r"MLflow at http://127\.0\.0\.1:9"):
            ask("name")


def test_each_working_directory_has_its_own_store(tracker, tmp_path, monkeypatch):
    tracker.require_writable()
    with tracker.run("recipe") as first:
        pass
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    tracker.require_writable()
    with tracker.connected() as client:
        assert client.search_experiments(filter_string="name = 'recipe'") == []
    monkeypatch.chdir(tmp_path)
    with tracker.connected() as client:
        assert client.get_run(first.run_id).info.status == "FINISHED"


def test_a_run_is_logged_where_the_store_is_and_the_users_uri_is_left_alone(tracker, tmp_path):
    tracker.require_writable()
    with tracker.run("recipe") as run:
        run.epoch_ends(0, {"loss": 2.0, "val_loss": 3.0})
        run.epoch_ends(1, {"loss": 1.0, "val_loss": 2.0})
        run.log_parameters({f"key{i}": i for i in range(150)} | {"long": "x" * 10_000})
        run.log_text("text", "note.txt")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    client = client_of(tracker)
    found = client.get_run(run.run_id)
    assert found.info.status == "FINISHED"
    assert [(point.step, point.value) for point in client.get_metric_history(run.run_id, "loss")] == [
        (1, 2.0),
        (2, 1.0),
    ]
    assert found.data.params["key149"] == "149"
    assert (tmp_path / "mlruns" / "artifacts" / run.run_id / "artifacts" / "note.txt").read_text() == "text"


def test_an_encoder_is_registered_from_within_the_users_own_run(tracker, tmp_path):
    import mlflow

    from zoo.export.exporter import write_saved_model
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    model = DenseAutoencoder(2, [3])
    model.build((None, 4))
    write_saved_model(tmp_path / "saved_model", model, DenseRows("vector", (4,)))
    tracker.require_writable()
    theirs = f"sqlite:///{tmp_path}/theirs.db"
    mlflow.set_tracking_uri(theirs)
    try:
        mlflow.set_experiment("theirs")
        with mlflow.start_run() as outer:
            with tracker.run("recipe") as run:
                run.log_parameters({"seed": 0})
                assert (
                    run.keep(tmp_path / "saved_model", {"vector": np.zeros((2, 4), np.float32)}, 2).register("name")
                    == 1
                )
            mlflow.log_metric("still", 1)
        assert mlflow.get_tracking_uri() == theirs
        assert mlflow.get_run(outer.info.run_id).data.metrics == {"still": 1}
    finally:
        mlflow.set_experiment("Default")
        mlflow.set_tracking_uri(None)
    client = client_of(tracker)
    assert client.get_run(run.run_id).info.status == "FINISHED"
    (logged,) = client.search_logged_models([run.experiment])
    assert (logged.source_run_id, logged.params) == (run.run_id, {"seed": "0"})
    assert tracker.model_directory("models:/name/1").is_dir()


@pytest.mark.parametrize(("error", "status"), [(ValueError, "FAILED"), (KeyboardInterrupt, "KILLED")])
def test_a_run_that_ends_badly_says_so_and_can_be_taken_up(error, status, tracker):
    tracker.require_writable()
    with pytest.raises(error), tracker.run("recipe") as run:
        raise error
    client = client_of(tracker)
    assert client.get_run(run.run_id).info.status == status
    with tracker.run("recipe", resume=run.run_id) as again:
        assert again.run_id == run.run_id
    assert client.get_run(run.run_id).info.status == "FINISHED"
    with tracker.run("recipe", resume="an id that the store does not know") as fresh:
        assert fresh.run_id != run.run_id
