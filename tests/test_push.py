"""Pushing and rolling back registered encoders: a real registry, real SavedModels."""

import threading
from pathlib import Path

import fsspec
import numpy as np
import pytest

import zoo
from zoo import push as push_module
from zoo import rollback as rollback_module
from zoo.errors import InputError, ZooError
from zoo.export._signatures import write_saved_model
from zoo.export.store import Store
from zoo.push import push
from zoo.rollback import rollback
from zoo.rows.dense_rows import DenseRows
from zoo.tracking.tracker import Tracker

ROWS = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Three exported encoders of one kind."""
    from zoo.models.dense_autoencoder import DenseAutoencoder
    from zoo.quiet import import_tensorflow

    folders = []
    for number in range(3):
        import_tensorflow().keras.utils.set_random_seed(number)
        model = DenseAutoencoder(2, [3])
        model.build((None, 4))
        folders.append(tmp_path_factory.mktemp("saved") / "saved_model")
        write_saved_model(folders[-1], model, DenseRows("vector", (4,)))
    return folders


@pytest.fixture(scope="module")
def workplace(saved, tmp_path_factory):
    """A folder whose registry has three versions of `name`; the first two were champions, and the second is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("workplace"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        tracker = Tracker()
        tracker.require_writable()
        with tracker.run("name") as run:
            versions = [run.keep(folder, {"vector": ROWS}, 2).register("name") for folder in saved]
            assert versions == [1, 2, 3]
        yield tracker


@pytest.fixture
def tracker(workplace):
    with workplace.run("name") as run:
        workplace.set_champion("name", 1)
        run.set_champion("name", 2)
    return workplace


def test_the_champion_is_pushed_as_stable_and_any_other_as_canary(tracker, tmp_path, capsys):
    target = str(tmp_path / "store")
    assert push("name", target) == 2
    assert push("name/3", target) == 3
    assert push("name@champion", target) == 2
    store = Store(target)
    assert store.versions("name") == [2, 3]
    assert store.labels("name") == {"stable": 2, "canary": 3}
    expected = zoo.load("name/3").encode(ROWS)
    np.testing.assert_array_equal(zoo.load(Path(target) / "name" / "3").encode(ROWS), expected)
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"name 2 copied to {target}, labelled stable"
    assert said[2] == f"name 2 was already in {target}, labelled stable"


def test_what_was_pushed_to_a_url_is_loaded_from_there(tracker):
    target = "memory://pushed/models"
    push("name", target)
    push("name/3", target)
    for place, version in (("name", 3), ("name/2", 2), ("name@stable", 2)):
        loaded = zoo.load(f"{target}/{place}")
        assert loaded.name == f"name/{version}"
        np.testing.assert_array_equal(loaded.encode(ROWS), zoo.load(f"name/{version}").encode(ROWS))
    for place, message in {
        "nmae": "no version of 'nmae' in memory://pushed/models",
        "name/4": r"no version 4 of 'name' .*versions: \[2, 3\]",
        "name@stabel": "did you mean 'stable'",
        "name@": "write URL/NAME",
    }.items():
        with pytest.raises(InputError, match=message):
            zoo.load(f"{target}/{place}")
    files = fsspec.filesystem("memory")
    files.pipe_file("/pushed/models/name/3/verdict.json", b"of another")
    with pytest.raises(ZooError, match="not what its SHA256SUMS says"):
        zoo.load(f"{target}/name")


def test_a_folder_may_be_named_from_the_working_directory(tracker, tmp_path, monkeypatch):
    push("name", str(tmp_path / "store"))
    push("name/3", str(tmp_path / "store"))
    expected = zoo.load("name/3").encode(ROWS)
    monkeypatch.chdir(tmp_path / "store")
    np.testing.assert_array_equal(zoo.load("./name").encode(ROWS), expected)  # the newest


def test_a_canary_that_is_pushed_as_stable_is_both(tracker, tmp_path):
    target = str(tmp_path / "store")
    push("name", target)
    push("name/3", target)
    push("name/3", target, label="stable")
    assert Store(target).labels("name") == {"stable": 3, "canary": 3}
    push("name/1", target, label="none")
    assert Store(target).labels("name") == {"stable": 3, "canary": 3}
    assert Store(target).versions("name") == [1, 2, 3]


def test_a_rollback_moves_the_champion_and_the_label(tracker, tmp_path):
    target = str(tmp_path / "store")
    push("name", target)
    assert rollback("name", target=target) == 1  # which was not in the store yet
    assert tracker.champion_version("name") == 1
    assert Store(target).versions("name") == [1, 2]
    assert Store(target).labels("name") == {"stable": 1}
    np.testing.assert_array_equal(zoo.load("name").encode(ROWS), zoo.load("name/1").encode(ROWS))
    assert rollback_module.main(["name", f"target={target}"]) == 2  # there is nothing before it
    assert rollback("name", to=3, target=target) == 3  # forward, to one that never was champion
    assert Store(target).labels("name") == {"stable": 3}
    assert tracker.champions("name") == [1]
    assert rollback("name", target=target) == 1


def test_a_version_that_a_push_alone_made_stable_is_rolled_back_to_the_champion(tracker, tmp_path, capsys):
    target = str(tmp_path / "store")
    push("name", target)
    push("name/3", target, label="stable")
    assert rollback("name", target=target) == 2
    assert Store(target).labels("name") == {"stable": 2}
    assert tracker.champion_version("name") == 2
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "name 2 stays the champion",
        f"{target} calls it stable, no longer 3",
    ]
    push("name/3", target, label="stable")
    assert rollback("name", to=2, target=target) == 2
    assert Store(target).labels("name") == {"stable": 2}


def test_a_store_that_has_not_followed_is_not_moved_forward(tracker, tmp_path, capsys):
    target = str(tmp_path / "store")
    push("name/1", target, label="stable")
    with tracker.run("name") as run:
        run.set_champion("name", 3)
    assert rollback("name", target=target) == 2
    assert Store(target).labels("name") == {"stable": 1}
    assert capsys.readouterr().out.splitlines()[-1] == f"{target} still calls 1 stable"


def test_a_registry_whose_alias_cannot_move_keeps_its_history(tracker, tmp_path, monkeypatch):
    import mlflow

    target = str(tmp_path / "store")
    push("name", target)

    def fails(*_):
        raise ZooError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(mlflow.MlflowClient, "set_registered_model_alias", fails)
        with pytest.raises(ZooError, match="database is locked"):
            rollback("name", target=target)
    assert (tracker.champion_version("name"), tracker.champions("name")) == (2, [1])
    assert Store(target).labels("name") == {"stable": 2}
    assert rollback("name", target=target) == 1


def test_files_that_are_gone_are_not_called_unregistered(workplace, saved):
    import shutil

    with workplace.run("gone") as run:
        run.keep(saved[0], {"vector": ROWS}, 2).register("gone")
        run.set_champion("gone", 1)
    with workplace.connected() as client:
        (logged,) = client.search_logged_models([run.experiment])
    shutil.rmtree(logged.artifact_location.removeprefix("file://"))
    with pytest.raises(ZooError, match=r"models:/gone/1 is registered in .*, but cannot be read"):
        workplace.model_directory("models:/gone/1")


def test_champions_are_remembered_in_their_order(tracker):
    with tracker.run("name") as run:
        run.set_champion("name", 3)
    assert tracker.champions("name") == [1, 2]
    assert rollback("name", target="nowhere") == 2
    assert rollback("name", target="nowhere") == 1
    assert not Path("nowhere").exists()


def test_a_registry_that_fails_leaves_the_label_as_it_was(tracker, tmp_path, monkeypatch):
    target = str(tmp_path / "store")
    push("name", target)

    def fails(*_):
        raise ZooError("the registry is away")

    monkeypatch.setattr(Tracker, "set_champion", fails)
    with pytest.raises(ZooError, match="registry is away"):
        rollback("name", target=target)
    assert Store(target).labels("name") == {"stable": 2}
    assert tracker.champion_version("name") == 2


def test_two_pushes_at_once_give_two_versions(tracker, tmp_path):
    target = str(tmp_path / "store")
    found, failures = [], []

    def run(spec):
        try:
            found.append(push(spec, target))
        except ZooError as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(spec,)) for spec in ("name/2", "name/3", "name/3")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert sorted(found) == [2, 3, 3]
    assert Store(target).versions("name") == [2, 3]
    assert Store(target).labels("name") == {"stable": 2, "canary": 3}


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (push_module, ["name"], "say where to: target=FOLDER"),
        (push_module, ["nmae", "target=x"], "no registered encoder 'nmae'; did you mean 'name'?"),
        (push_module, ["name/9", "target=x"], r"no such version or alias of 'name'; versions: [1, 2, 3]"),
        (push_module, ["name@stabel", "target=x"], "aliases: ['champion']"),
        (push_module, ["name/1@champion", "target=x"], "write NAME, NAME@ALIAS or NAME/VERSION"),
        (push_module, ["name/", "target=x"], "write NAME, NAME@ALIAS or NAME/VERSION"),
        (push_module, ["name@", "target=x"], "write NAME, NAME@ALIAS or NAME/VERSION"),
        (rollback_module, ["name/1"], "the version to go back to as to=VERSION"),
        (push_module, ["name", "traget=x"], "there is no key 'traget'; did you mean 'target'?"),
        (push_module, ["name", "target=x", "target=y"], "target is given twice"),
        (push_module, ["name", "target="], "write key=value"),
        (push_module, ["name", "target=x", "label=best"], "write stable, canary or none"),
        (push_module, ["name", "target=nonsense://x"], "nonsense"),
        (rollback_module, ["name", "to=two"], "a version is a whole number"),
        (rollback_module, ["name", "to=2"], "name 2 is the champion already"),
        (rollback_module, ["name", "to=7"], "versions: [1, 2, 3]"),
        (rollback_module, ["nmae"], "did you mean 'name'?"),
    ],
)
def test_wrong_arguments_end_with_2_and_say_what_there_is(tracker, capsys, module, arguments, message):
    assert module.main(arguments) == 2
    assert message in capsys.readouterr().err
    assert not Path("x").exists()
    assert tracker.champion_version("name") == 2
