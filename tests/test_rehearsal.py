"""What would fail in the last stages fails before the training."""

import dataclasses
import random

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.recipe import compose
from zoo.run import main
from zoo.stages.rehearsal import rehearse
from zoo.tracking.tracker import Tracker
from zoo.types import Splits

OWN_PART = """
import numpy as np
from zoo.parts import Preprocessing

class Stubborn(Preprocessing):
    def call(self, x):
        return x

    def inverse(self, x):
        return np.asarray(x)  # works on numbers, not in a graph
"""
SMALL = ["train.epochs=1", "train.batch_size=16", "judge.resamples=20"]


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32))
    return tmp_path


@pytest.fixture
def table(rng):
    rows = np.arange(48)
    keys = np.asarray([f"word {row}" for row in rows], object)
    features = rng.normal(size=(48, 8)).astype(np.float32)
    return Splits(features, train=rows[:24], validation=rows[24:32], test=rows[32:], keys=keys)


def recipe(*overrides):
    return compose("dense_vectors", ["data.path=rows.npy", "model.latent_dim=2", *SMALL, *overrides])


@pytest.mark.parametrize(
    ("name", "problem"),
    [("a/b", "it has '/' in it"), ("a@b", "'@'"), ("a:b", "':'"), (".hidden", "begins with a dot"), ("a\udcff", "xff")],
)
def test_a_name_that_no_registry_takes_ends_with_2_before_anything_is_read(name, problem, workplace, capsys):
    assert main(["recipe=dense_vectors", "data.path=rows.npy", f"name='{name}'"]) == 2
    assert problem in capsys.readouterr().err.replace("\\udc", "x")
    assert [path.name for path in workplace.iterdir()] == ["rows.npy"]


def test_a_part_that_cannot_be_exported_ends_with_2_before_training(workplace, monkeypatch, capsys):
    (workplace / "own_parts.py").write_text(OWN_PART)
    monkeypatch.syspath_prepend(workplace)
    own = "+model.preprocess.own={_target_: own_parts.Stubborn}"
    assert main(["recipe=dense_vectors", "data.path=rows.npy", "model.latent_dim=2", *SMALL, own]) == 2
    said = capsys.readouterr()
    assert "could not be exported after its training, as a rehearsal shows" in said.err
    assert "epoch 1" not in said.out
    assert not list((workplace / "serving" / "store" / "dense_vectors").iterdir())
    with Tracker().connected() as client:
        assert client.search_experiments(filter_string="name = 'dense_vectors'") == []


def test_keys_that_cannot_be_written_are_named(workplace, table):
    keys = table.keys.copy()
    keys[40] = "caf\udce9"
    with pytest.raises(InputError, match=r"the key 'caf\\udce9' cannot be written as UTF-8"):
        rehearse(recipe(), recipe().build("export"), dataclasses.replace(table, keys=keys))


@pytest.mark.parametrize("overrides", [[], ["export.precision=int8", "export.output=int8", "export.onnx=true"]])
def test_a_rehearsal_leaves_nothing_and_changes_nothing(overrides, workplace, table):
    import_tensorflow()
    import keras

    from zoo.stages.model import built_model

    chosen = recipe(*overrides)

    def state():
        model = built_model(chosen, table, print)
        drawn = [keras.random.uniform((3,)), np.random.random(3), import_tensorflow().random.uniform((3,))]
        drawn.append(random.random())  # noqa: S311
        return [*model.get_weights(), *map(np.asarray, drawn)]

    before = state()
    rehearse(chosen, chosen.build("export"), table)
    for was, now in zip(before, state(), strict=True):
        np.testing.assert_array_equal(now, was)
    assert not list((workplace / "serving" / "store" / "dense_vectors").iterdir())


@pytest.mark.slow
def test_what_is_not_utf8_is_logged_with_escapes(workplace):
    tracker = Tracker()
    tracker.require_writable()
    with tracker.run("name") as run:
        run.log_parameters({"data.path": "caf\udce9.npy"})
        run.log_tags({"zoo.overrides": "data.path=caf\udce9.npy"})
        run.log_text("caf\udce9", "recipe.yaml")
    with tracker.connected() as client:
        assert client.get_run(run.run_id).data.params["data.path"] == "caf\\udce9.npy"
