"""Versions on a real disk, loaded for real."""

import shutil
import threading
import time

import numpy as np
import pytest
from served import WEIGHTS, export_embed

from serving.errors import ServingError
from serving.loading import Loader
from serving.manager import Manager
from serving.metrics import Metrics
from serving.servable import Servable
from serving.versions import ModelConfig


@pytest.fixture
def base(tmp_path):
    folder = tmp_path / "store" / "embed"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def made(base):
    managers = []

    def make(**options):
        manager = Manager(Loader(Servable, lambda _: None, Metrics()), **options)
        managers.append(manager)
        return manager

    yield make
    for manager in managers:
        manager.stop()


def served(manager, **spec):
    with manager.servable("embed", **spec) as servable:
        run = servable.run(servable.signatures["serving_default"], {"x": np.eye(5, dtype=np.float32)}, ["embedding"])
        return servable.version, run["embedding"]


def states(manager):
    return {each.version: each.state for each in manager.statuses("embed")}


def ended(manager, version):
    deadline = time.monotonic() + 10
    while states(manager)[version] != "END" and time.monotonic() < deadline:
        time.sleep(0.01)
    return states(manager)[version] == "END"


def test_a_new_version_takes_over_and_the_old_one_goes(base, made):
    export_embed(base / "1")
    manager = made(store=base.parent)
    manager.scan()
    assert served(manager)[0] == 1
    export_embed(base / "2", factor=2)
    manager.scan()
    version, values = served(manager)
    assert version == 2
    np.testing.assert_allclose(values, 2 * WEIGHTS, rtol=1e-6)
    assert ended(manager, 1)
    with pytest.raises(ServingError, match=r"Specific\(embed, 1\)"):
        served(manager, version=1)


def test_a_request_under_way_keeps_its_version(base, made):
    export_embed(base / "1")
    manager = made(store=base.parent)
    manager.scan()
    with manager.servable("embed") as old:
        export_embed(base / "2", factor=2)
        manager.scan()
        assert states(manager) == {2: "AVAILABLE", 1: "UNLOADING"}
        rows = {"x": np.eye(5, dtype=np.float32)}
        values = old.run(old.signatures["serving_default"], rows, ["embedding"])["embedding"]
        np.testing.assert_allclose(values, WEIGHTS, rtol=1e-6)
    assert ended(manager, 1)


def test_a_version_that_fails_leaves_the_old_one_and_is_tried_again_once_it_changed(base, made):
    export_embed(base / "1")
    manager = made(store=base.parent)
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"not a graph")
    manager.scan()
    manager.scan()
    assert served(manager)[0] == 1
    (failed,) = manager.statuses("embed", 2)
    assert (failed.state, failed.code) == ("END", "INTERNAL")
    assert "could not be loaded" in failed.message
    shutil.rmtree(base / "2")
    export_embed(base / "2")
    manager.scan()
    assert served(manager)[0] == 2


def test_a_version_that_fails_leaves_the_old_one_whatever_the_policy(base, made):
    export_embed(base / "1")
    manager = made()
    manager.configure([ModelConfig("embed", base, specific=(1,))])
    manager.scan()
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"no graph")
    manager.configure([ModelConfig("embed", base, specific=(2,))])
    for _ in range(2):
        manager.scan()
        assert served(manager)[0] == 1
        assert states(manager) == {1: "AVAILABLE", 2: "END"}
        shutil.rmtree(base / "1", ignore_errors=True)  # what is loaded needs no disk


def test_an_error_of_any_kind_ends_one_version_only(base, made):
    for name in ("a", "b"):
        export_embed(base.parent / name / "1")

    def refused(servable):
        if servable.name == "a":
            raise OverflowError("300")

    manager = Manager(Loader(Servable, refused, Metrics()), base.parent)
    manager.scan()
    (status,) = manager.statuses("a")
    assert (status.state, status.code, status.message) == ("END", "INTERNAL", "OverflowError('300')")
    assert manager.statuses("b")[0].state == "AVAILABLE"
    manager.stop()


def test_half_written_and_other_folders_are_no_versions(base, made):
    export_embed(base / "1")
    export_embed(base / "copied")
    shutil.copytree(base / "1" / "variables", base / "2" / "variables")
    for name in (".candidate-3", "tmp-4", "5.partial"):
        shutil.copytree(base / "1", base / name)
    manager = made(store=base.parent)
    manager.scan()
    assert states(manager) == {1: "AVAILABLE"}


def test_policies_and_labels(base, made):
    for version in (1, 2, 3):
        export_embed(base / str(version), factor=version)
    manager = made()
    manager.configure([ModelConfig("embed", base, specific=(1, 3), labels={"stable": 1, "canary": 3, "gone": 2})])
    manager.scan()
    assert states(manager) == {3: "AVAILABLE", 1: "AVAILABLE"}
    assert served(manager)[0] == 3
    assert served(manager, label="stable")[0] == 1
    for label in ("gone", "none"):
        with pytest.raises(ServingError, match=f"Unrecognized servable version label: {label}"):
            served(manager, label=label)
    manager.configure([ModelConfig("embed", base, latest=2)])
    manager.scan()
    assert served(manager, version=2)[0] == 2
    assert ended(manager, 1)
    with pytest.raises(ServingError, match="assign label to version 9 of model embed"):
        manager.configure([ModelConfig("embed", base, labels={"stable": 9})], labels_ahead=False)
    assert served(manager)[0] == 3


def test_a_store_that_goes_away_takes_no_model_with_it(base, made):
    export_embed(base / "1")
    manager = made()
    manager.configure([ModelConfig("embed", base), ModelConfig("other", base.parent / "missing")])
    manager.scan()
    base.rename(base.parent / "away")
    manager.scan()
    assert served(manager)[0] == 1
    with pytest.raises(ServingError, match="Could not find any versions of model other"):
        manager.statuses("other")
    (base.parent / "away").rename(base)
    whole = made(store=base.parent)
    whole.scan()
    base.parent.rename(base.parent.parent / "away")
    whole.scan()
    assert served(whole)[0] == 1


def test_polling_finds_what_is_pushed_while_requests_run(base, made):
    export_embed(base / "1")
    manager = made(store=base.parent)
    manager.scan()
    manager.start(0.02)
    seen, stop, failures = set(), threading.Event(), []

    def ask():
        while not stop.is_set():
            try:
                seen.add(served(manager)[0])
            except ServingError as error:
                failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for version in (2, 3):
        export_embed(base / str(version))
        deadline = time.monotonic() + 20
        while version not in seen and time.monotonic() < deadline:
            time.sleep(0.01)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert seen == {1, 2, 3}


def test_a_label_moves_once_its_version_is_loaded_and_no_request_fails_meanwhile(base, made):
    export_embed(base / "1")
    manager = made()
    manager.configure([ModelConfig("embed", base, specific=(1,), labels={"stable": 1})])
    manager.scan()
    manager.start(0.02)
    seen, failures, stop = [], [], threading.Event()

    def ask():
        while not stop.is_set():
            try:
                seen.append(served(manager, label="stable")[0])
            except ServingError as error:
                failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    # the label comes first, its version later: the worst order there is
    manager.configure([ModelConfig("embed", base, specific=(2,), labels={"stable": 2})])
    time.sleep(0.3)
    assert set(seen) == {1}
    assert states(manager) == {1: "AVAILABLE"}
    export_embed(base / "2", factor=2)
    assert ended(manager, 1)
    manager.configure([ModelConfig("embed", base, specific=(1,), labels={"stable": 1})])
    assert ended(manager, 2)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    assert set(seen) == {1, 2}
    assert seen[-1] == 1


def test_a_label_whose_version_cannot_be_loaded_stays_where_it_was(base, made):
    export_embed(base / "1")
    manager = made()
    manager.configure([ModelConfig("embed", base, specific=(1,), labels={"stable": 1})])
    manager.scan()
    (base / "2").mkdir()
    (base / "2" / "saved_model.pb").write_bytes(b"not a graph")
    manager.configure([ModelConfig("embed", base, specific=(2,), labels={"stable": 2, "canary": 2})])
    manager.scan()
    assert served(manager, label="stable")[0] == 1
    with pytest.raises(ServingError, match="Unrecognized servable version label: canary"):
        served(manager, label="canary")
    manager.configure([ModelConfig("embed", base)])
    manager.scan()
    with pytest.raises(ServingError, match="Unrecognized servable version label: stable"):
        served(manager, label="stable")


def test_labels_of_old_versions_keep_them_beside_the_newest(base, made):
    for version in (1, 2, 3):
        export_embed(base / str(version))
    manager = made()
    manager.configure([ModelConfig("embed", base, latest=3)])
    manager.scan()
    manager.configure([ModelConfig("embed", base, labels={"stable": 1})])
    manager.scan()
    assert ended(manager, 2)
    assert served(manager, label="stable")[0] == 1
    assert served(manager)[0] == 3
