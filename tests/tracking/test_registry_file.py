"""Registries in folders of odd names, and registries that were moved: a real MLflow store, real SavedModels."""

import shutil
import sqlite3
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo
from zoo.errors import InputError
from zoo.tracking._registry import latest_run
from zoo.tracking._registry_file import OWN_ARTIFACTS, RegistryFile
from zoo.tracking.tracker import Tracker

ROWS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
NAMES = ["plain", "a b", "a%20b", "a?b", "a#b", "äö 漢", "a%b", "a%zz", "a'b\"c", "x;y&z=1", "a:b", "[a]*", "a\\b"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from zoo.export._signatures import write_saved_model
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.rows.dense_rows import DenseRows

    model = DenseAutoencoder(2, [3])
    model.build((None, 4))
    folder = tmp_path_factory.mktemp("saved") / "saved_model"
    write_saved_model(folder, model, DenseRows("vector", (4,)))
    return folder


def registered(saved, folder, patch):
    """A registry in a folder, with a champion in it."""
    folder.mkdir()
    patch.chdir(folder)
    patch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracker = Tracker()
    tracker.require_writable()
    with tracker.run("name") as run:
        run.log_text("text", "note.txt")
        run.set_champion("name", run.keep(saved, {"vector": ROWS}, 2).register("name"))
    return tracker


def locations(folder):
    """Of the run, of the model and of the experiments."""
    queries = (
        "SELECT artifact_uri FROM runs",
        "SELECT artifact_location FROM logged_models",
        "SELECT artifact_location FROM experiments",
    )
    with sqlite3.connect(folder / "mlruns" / "mlflow.db") as database:
        return [each for query in queries for (each,) in database.execute(query)]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_any_name_has_a_uri_that_names_it(name, tmp_path, monkeypatch):
    from sqlalchemy import create_engine, text

    (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / name)
    registry = RegistryFile("sqlite:///mlflow.db")
    with create_engine(registry.uri).connect() as connection:
        connection.execute(text("CREATE TABLE one (number INTEGER)"))
    assert [path.relative_to(tmp_path) for path in tmp_path.rglob("*.db")] == [Path(name, "mlflow.db")]
    location = f"{registry.artifacts}/models"
    with sqlite3.connect(registry.path) as database:
        database.execute("CREATE TABLE experiments (experiment_id INTEGER, artifact_location TEXT)")
        database.execute("CREATE TABLE experiment_tags (experiment_id INTEGER, key TEXT)")
    assert registry.present(location) == tmp_path / name / "artifacts" / "models"


def test_a_uri_is_read_as_one(tmp_path):
    assert RegistryFile("sqlite:////a%20b/%3F.db?timeout=3").path == Path("/a b/?.db")
    assert RegistryFile("sqlite:////a b/c.db?timeout=3").uri == "sqlite:////a b/c.db?timeout=3"
    with pytest.raises(InputError, match=r"sqlite:///a\?b/c\.db: write %3F for a question mark"):
        RegistryFile("sqlite:///a?b/c.db")


@pytest.mark.parametrize(
    ("encoder", "said"),
    [
        ("nmae", "nmae@champion: no registered encoder 'nmae'; did you mean 'name'?"),
        ("name/3", r"no such version or alias of 'name'; versions: \[1\]"),
    ],
)
def test_a_name_that_is_not_there_is_said_without_starting_anything(encoder, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    for slow in ("mlflow", "tensorflow"):
        monkeypatch.setitem(sys.modules, slow, None)  # an import of it would fail
    Path("mlruns").mkdir()
    with sqlite3.connect("mlruns/mlflow.db") as database:
        database.execute("CREATE TABLE registered_models (name TEXT)")
        database.execute("CREATE TABLE model_versions (name TEXT, version INTEGER, current_stage TEXT)")
        database.execute("INSERT INTO registered_models VALUES ('name')")
        database.execute("INSERT INTO model_versions VALUES ('name', 1, 'None'), ('name', 3, 'Deleted_Internal')")
    for ask in (zoo.load, zoo.judge, lambda name: zoo.compare("name/1", name, quiet=True)):
        with pytest.raises(InputError, match=said):
            ask(encoder)


@pytest.mark.slow
def test_an_odd_folder_holds_its_registry_and_is_found_wherever_it_goes(saved, tmp_path, monkeypatch):
    first, second, third = (tmp_path / name for name in ("a%20b?c #d'\"é", "moved: here", "copied"))
    tracker = registered(saved, first, monkeypatch)
    expected = zoo.load("name").encode(ROWS)
    assert RegistryFile("sqlite:///mlruns/mlflow.db").registered() == {"name": [1]}
    assert {path.name for path in tmp_path.iterdir()} == {first.name}
    assert (first / "mlruns" / "mlflow.db").is_file()
    assert len(list(first.rglob("note.txt"))) == 1

    first.rename(second)
    monkeypatch.chdir(second)
    for spec in ("name", "name/1", "models:/name/1", "name@champion"):
        np.testing.assert_array_equal(zoo.load(spec).encode(ROWS), expected)
    assert all(first.absolute().as_uri() in each for each in locations(second)[:2])  # reading changes nothing
    tracker.require_writable()  # as a run does first
    assert all(each.startswith((second / "mlruns" / "artifacts").as_uri()) for each in locations(second)[:2])
    with tracker.run("name") as run:
        run.log_text("text", "later.txt")
    assert len(list(second.rglob("later.txt"))) == 1
    assert tracker.champion("name")[1].is_relative_to(second)

    shutil.copytree(second, third)
    monkeypatch.chdir(third)
    assert Tracker().champion("name")[1].is_relative_to(third)  # and not the original, which is still there
    shutil.rmtree(second / "mlruns" / "artifacts")
    np.testing.assert_array_equal(zoo.load("name").encode(ROWS), expected)
    Tracker().require_writable()
    with Tracker().run("name") as run:
        run.keep(saved, {"vector": ROWS}, 2).register("name")
    assert Tracker().model_directory("models:/name/2").is_relative_to(third)
    tracker = Tracker()
    for spec in ("name@champion", "name/1", "name/2"):
        assert tracker.model_directory(f"models:/{spec}") == tracker._asked(f"models:/{spec}") / "artifacts/saved_model"
    with tracker.connected() as client, tracker.run("name") as run:
        run.keep(saved, {"vector": ROWS}, 2)
        run_id = run.run_id
        client.set_tag(run_id, "zoo.recipe", "name")
        assert latest_run(client, "name") == run_id
    monkeypatch.setattr(
        Tracker, "connected", None
    )  # what a file holds is found without MLflow, which takes 2 s to import
    for spec in ("name", "name/1", "name/2", f"runs:/{run_id}", "name@latest"):
        np.testing.assert_array_equal(zoo.load(spec).encode(ROWS), expected)
    assert {path.name for path in tmp_path.iterdir()} == {second.name, third.name}


@pytest.mark.slow
def test_a_registry_of_an_earlier_release_is_followed_once_its_former_folder_is_gone(saved, tmp_path, monkeypatch):
    registered(saved, tmp_path / "first", monkeypatch)
    with sqlite3.connect(tmp_path / "first" / "mlruns" / "mlflow.db") as database:
        database.execute("DELETE FROM experiment_tags WHERE key = ?", (OWN_ARTIFACTS,))
        elsewhere = (tmp_path / "theirs").as_uri()  # a user's own experiment stays where it is
        database.execute("UPDATE experiments SET artifact_location = ? WHERE experiment_id = 0", (elsewhere,))
    (tmp_path / "first").rename(tmp_path / "second")
    monkeypatch.chdir(tmp_path / "second")
    assert zoo.load("name").latent_dim == 2
    Tracker().require_writable()
    assert elsewhere in locations(tmp_path / "second")
    assert not [each for each in locations(tmp_path / "second") if "/first/" in each]
