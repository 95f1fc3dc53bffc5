"""A state of training that a crash has damaged is set aside, said, and training starts afresh."""

import os
from pathlib import Path

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.train.checkpoint import Checkpoint  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402
from zoo.types import Splits  # noqa: E402


@pytest.fixture(scope="module")
def table():
    features = np.random.default_rng(0).normal(size=(192, 5)).astype(np.float32)
    rows = np.arange(192)
    return Splits(features, train=rows[:128], validation=rows[128:160], test=rows[160:])


def fitted(table, state, epochs=2):
    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(2, [3])
    model.build((None, 5))
    trained = Trainer(epochs, batch_size=64, learning_rate=0.01).fit(model, table, seed=0, state=state)
    return trained, [np.asarray(each) for each in model.trainable_variables]


@pytest.fixture(scope="module")
def sound(table, tmp_path_factory):
    """The bytes of a checkpoint of two epochs, and the weights it leads to."""
    state = tmp_path_factory.mktemp("sound") / "training.npz"
    _, weights = fitted(table, state)
    return state.read_bytes(), weights


def folder(path):
    path.mkdir()
    (path / "inside").write_text("x")


DAMAGES = {
    "empty": lambda path, data: path.write_bytes(b""),
    "half": lambda path, data: path.write_bytes(data[: len(data) // 2]),
    "all but the last byte": lambda path, data: path.write_bytes(data[:-1]),
    "zeros": lambda path, data: path.write_bytes(bytes(len(data))),
    "zeros at the end": lambda path, data: path.write_bytes(data[:-200] + bytes(200)),
    "zeros inside": lambda path, data: path.write_bytes(data[:300] + bytes(300) + data[600:]),
    "no archive": lambda path, data: path.write_bytes(b"not a zip archive at all"),
    "another array": lambda path, data: np.savez(path, other=np.zeros(3)),
    "a folder": lambda path, data: folder(path),
}


@pytest.fixture(scope="module")
def model():
    made = DenseAutoencoder(2, [3])
    made.build((None, 5))
    made.compile(optimizer=Trainer(2)._optimizer(2))
    made.optimizer.build(made.trainable_variables)
    return made


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_state_is_set_aside_and_said(damage, model, sound, tmp_path):
    state = tmp_path / "training.npz"
    for times in (1, 2):  # a second one does not take the place of the first
        DAMAGES[damage](state, sound[0])
        checkpoint = Checkpoint(state, [])
        assert checkpoint.read(model) == 0
        assert "set aside as" in checkpoint.note
        assert str(tmp_path / "training.npz.damaged") in checkpoint.note
        assert "\n" not in checkpoint.note
        assert not state.exists()
        assert len(list(tmp_path.iterdir())) == times


@pytest.mark.parametrize("damage", ["half", "a folder"])
def test_training_starts_afresh_and_can_be_taken_up_again(damage, table, sound, tmp_path):
    state = tmp_path / "training.npz"
    DAMAGES[damage](state, sound[0])
    trained, weights = fitted(table, state)
    assert trained.resumed_epoch == 0
    assert len(trained.history) == 2
    for own, expected in zip(weights, sound[1], strict=True):
        np.testing.assert_array_equal(own, expected)
    assert "set aside as" in trained.notes[0]
    again, _ = fitted(table, state, epochs=3)
    assert again.resumed_epoch == 2
    assert not again.notes


def test_a_state_cut_off_or_spoilt_at_any_byte_is_never_half_used(model, sound, tmp_path):
    data, path = sound[0], tmp_path / "training.npz"
    path.write_bytes(data)
    whole = Checkpoint(path, [])
    assert whole.read(model) == 2

    random = np.random.default_rng(0)
    cuts = [*range(0, len(data), max(len(data) // 150, 1)), *range(len(data) - 60, len(data))]
    flips = random.integers(len(data), size=200)
    spoilt = [data[:cut] for cut in cuts] + [data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :] for at in flips]
    for number, text in enumerate(spoilt):
        path.write_bytes(text)
        checkpoint = Checkpoint(path, [])
        if checkpoint.read(model) == 0:
            assert checkpoint.note
            assert not path.exists()
        else:  # a byte that nobody reads, such as a date
            assert number >= len(cuts)
            assert checkpoint.history == whole.history
            for name, array in whole._loaded.items():
                np.testing.assert_array_equal(checkpoint._loaded[name], array)
    assert len(list(tmp_path.glob("*.damaged*"))) > len(cuts)


def test_a_state_of_another_model_is_not_put_into_this_one(table, sound, tmp_path):
    state = tmp_path / "training.npz"
    state.write_bytes(sound[0])
    model = DenseAutoencoder(2, [7])
    model.build((None, 5))
    trained = Trainer(1, batch_size=64).fit(model, table, seed=0, state=state)
    assert trained.resumed_epoch == 0
    assert "the state of another model" in trained.notes[0]


def test_a_state_that_may_not_be_read_is_not_taken_for_damaged(model, sound, tmp_path, monkeypatch):
    state = tmp_path / "training.npz"
    state.write_bytes(sound[0])

    def refused(*arguments, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(state), "open", refused)  # root, who may run the tests, may read every file
    with pytest.raises(PermissionError):
        Checkpoint(state, []).read(model)
    assert state.exists()


def test_the_new_state_is_on_the_disk_before_it_has_its_name(table, tmp_path, monkeypatch):
    done = []
    fsync, rename = os.fsync, Path.replace

    def noted(descriptor):  # of this table: a thread that an earlier test has left may write as well
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        done.extend([path] * path.is_relative_to(tmp_path))
        fsync(descriptor)

    def renamed(own, to):
        done.extend(["renamed"] * own.is_relative_to(tmp_path))
        return rename(own, to)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(Path, "replace", renamed)
    fitted(table, tmp_path / "training.npz", epochs=1)
    assert done == [tmp_path / "training.partial", "renamed", tmp_path]
