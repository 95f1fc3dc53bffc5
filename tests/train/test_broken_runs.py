"""Runs that break, are cut short or never settle: which weights the model ends with, and what is said of them."""

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.vae import VAE  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402
from zoo.types import Splits  # noqa: E402


class Watch:
    """Keeps the model's weights after each epoch, and may change the table then."""

    def __init__(self, model, then=None):
        self.model, self.then, self.weights, self.losses = model, then, [], []

    def train_begins(self, epochs, first_epoch, steps):
        pass

    def steps_done(self, epoch, steps, logs):
        pass

    def epoch_ends(self, epoch, logs):
        self.weights.append([np.asarray(each).copy() for each in self.model.trainable_variables])
        self.losses.append(logs["val_loss"])
        if self.then:
            self.then(self)

    def train_ends(self):
        pass


def vae(**arguments):
    keras.utils.set_random_seed(0)
    model = VAE(2, [6], **arguments)
    model.build((None, 5))
    return model


def weights_of(model):
    return [np.asarray(each) for each in model.trainable_variables]


def same(first, second):
    return all(np.allclose(a, b, atol=1e-6) for a, b in zip(first, second, strict=True))


@pytest.fixture
def table():
    return np.random.default_rng(0).normal(size=(192, 5)).astype(np.float32)


def splits(table, **arguments):
    rows = np.arange(192)
    return Splits(table, **{"train": rows[:128], "validation": rows[128:160], "test": rows[160:], **arguments})


def test_the_last_good_weights_of_a_fresh_run_are_the_first_ones(table, tmp_path):
    model = vae()
    first = [each.copy() for each in weights_of(model)]
    trained = Trainer(3, batch_size=32, learning_rate=1e30).fit(model, splits(table), seed=0, state=tmp_path / "s")
    assert same(weights_of(trained.model), first)
    assert trained.best_epoch == -1
    assert "epoch 1" in trained.notes[0]


def test_a_resumed_run_that_breaks_at_once_goes_back_to_where_it_was_taken_up(table, tmp_path):
    trainer, state = Trainer(2, batch_size=32, learning_rate=0.01), tmp_path / "state.npz"
    finished = trainer.fit(vae(), splits(table), seed=0, state=state)
    assert finished.best_epoch == 1
    good = weights_of(finished.model)
    spoilt = table.copy()
    spoilt[:128] = np.inf
    trained = Trainer(4, batch_size=32).fit(vae(), splits(spoilt), seed=0, state=state)
    assert trained.resumed_epoch == 2
    assert "epoch 3" in trained.notes[0]
    assert not same(weights_of(trained.untrained), good)
    assert same(weights_of(trained.model), good)


def test_the_best_epoch_is_the_one_whose_weights_a_broken_run_has(table, tmp_path):
    table = table.copy()

    def spoil(watch):  # after an epoch that was worse than one before it
        if watch.losses[-1] > min(watch.losses):
            table[:128] = np.inf

    model = vae()
    watch = Watch(model, spoil)
    trainer = Trainer(40, batch_size=32, learning_rate=0.5, patience=0, plateau_patience=40)
    trained = trainer.fit(model, splits(table), seed=0, state=tmp_path / "state.npz", listeners=[watch])
    assert trained.notes
    assert 2 < len(trained.history) < 40
    assert same(weights_of(model), watch.weights[trained.best_epoch])


def test_a_run_shorter_than_its_warm_up_says_which_weights_it_has(table, tmp_path):
    model = vae(warmup_epochs=9)
    watch = Watch(model)
    trainer = Trainer(2, batch_size=32, learning_rate=0.01)
    trained = trainer.fit(model, splits(table), seed=0, state=tmp_path / "state.npz", listeners=[watch])
    claimed = weights_of(trained.untrained) if trained.best_epoch == -1 else watch.weights[trained.best_epoch]
    assert same(weights_of(model), claimed)


def test_no_rows_for_validation_are_refused(table, tmp_path):
    nothing = splits(table, validation=np.arange(0))
    with pytest.raises(InputError, match="validation"):
        Trainer(1, batch_size=32).fit(vae(), nothing, seed=0, state=tmp_path / "state.npz")


def test_a_run_cut_short_in_the_middle_of_an_epoch_repeats_that_epoch(table, tmp_path):
    class Cut(Watch):
        def steps_done(self, epoch, steps, logs):
            if epoch == 2:
                raise KeyboardInterrupt

    settings = {"batch_size": 32, "learning_rate": 0.01, "steps_per_execution": 1, "schedule": "cosine"}
    whole = Trainer(3, **settings).fit(vae(), splits(table), seed=0, state=tmp_path / "whole.npz")
    state, model = tmp_path / "state.npz", vae()
    with pytest.raises(KeyboardInterrupt):
        Trainer(3, **settings).fit(model, splits(table), seed=0, state=state, listeners=[Cut(model)])
    resumed = Trainer(3, **settings).fit(vae(), splits(table), seed=0, state=state)
    assert resumed.resumed_epoch == 2
    assert same(weights_of(resumed.model), weights_of(whole.model))
    assert [each["loss"] for each in resumed.history] == pytest.approx([each["loss"] for each in whole.history])
    assert resumed.best_epoch == whole.best_epoch
    assert list(tmp_path.glob("*.partial")) == []
