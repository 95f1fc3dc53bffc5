"""Training from a table that is read from where it lies, as it goes."""

import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from zoo.data import Vectors, _streamed_vectors
from zoo.errors import InputError
from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.preprocessing import Standardise  # noqa: E402
from zoo.train.feed import Feed  # noqa: E402
from zoo.train.folds import folds  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402


class Killed(Exception):  # noqa: N818
    """As if the process had died."""


class KillAfter:
    """A listener that ends the run after an epoch."""

    def __init__(self, epoch):
        self.epoch = epoch

    def train_begins(self, epochs, first_epoch, steps):
        pass

    def steps_done(self, epoch, steps, logs):
        pass

    def epoch_ends(self, epoch, logs):
        if epoch + 1 == self.epoch:
            raise Killed

    def train_ends(self):
        pass


class Counted:
    """A stream that counts how often an epoch is begun."""

    def __init__(self, stream):
        self.stream, self.epochs, self.rows = stream, 0, stream.rows

    def epoch(self, *arguments):
        self.epochs += 1
        return self.stream.epoch(*arguments)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "rows.parquet"
    vectors = np.random.default_rng(0).standard_normal((1200, 6)).astype(np.float32) * 3 + 1
    pd.DataFrame(vectors).rename(columns="n{}".format).to_parquet(path, row_group_size=100)
    return str(path)


@pytest.fixture
def stream(path, monkeypatch):
    monkeypatch.setattr(_streamed_vectors, "_BLOCK", 50)
    return Vectors(path, stream=True, shuffle_buffer=200).load()


def fit(splits, state, **arguments):
    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(2, [4])
    return Trainer(3, batch_size=64, learning_rate=0.01).fit(model, splits, seed=3, state=state, **arguments)


def test_the_feed_gives_the_epochs_of_the_stream(stream):
    counted = Counted(stream.stream)
    feed = Feed(replace(stream, stream=counted), 64, seed=3)
    assert feed.steps == stream.training_rows // 64
    for number in (0, 1, 0):
        feed.start_epoch(number)
        batches = stream.stream.epoch(3, number, 64)
        for batch in feed.training():
            np.testing.assert_array_equal(batch.numpy(), next(batches))
    assert counted.epochs == 3  # an epoch is read once, in whatever order TensorFlow asks for its batches
    assert sum(len(batch) for batch in feed.validation()) == len(stream.validation)


def test_the_feeds_of_two_workers_share_the_rows_of_an_epoch(stream):
    feeds = [Feed(stream, 64, seed=3, shard=(index, 2), devices=2) for index in range(2)]
    for number in (0, 1):
        pieces = []
        for feed in feeds:
            feed.start_epoch(number)
            pieces.append([piece.numpy() for piece in feed.training()])
        assert {len(each) for each in pieces} == {2 * (stream.training_rows // 64)}  # of two devices each
        rows = np.concatenate([piece for each in pieces for piece in each])
        assert len(np.unique(rows, axis=0)) == len(rows) == stream.training_rows // 64 * 64


def test_an_interrupted_run_ends_as_one_that_was_not(stream, tmp_path):
    whole = fit(stream, tmp_path / "whole.npz")
    with pytest.raises(Killed):
        fit(stream, tmp_path / "cut.npz", listeners=[KillAfter(1)])
    taken_up = fit(stream, tmp_path / "cut.npz")
    assert taken_up.resumed_epoch == 1
    assert [logs["loss"] for logs in taken_up.history] == [logs["loss"] for logs in whole.history]
    for one, other in zip(whole.model.get_weights(), taken_up.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_preprocessing_adapts_to_all_rows_and_not_to_those_in_memory(path):
    few, every = Vectors(path, stream=True, sample_rows=40).load(), Vectors(path).load()
    assert (len(few.train), few.training_rows) == (40, len(every.train))
    found, wanted = (adapted(each) for each in (few, every))
    for one, other in zip(found.weights, wanted.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def adapted(splits):
    layer = Standardise()
    layer.build((None, *splits.shape))
    layer.adapt(splits.training_batches)
    return layer


def test_a_table_that_goes_away_ends_the_run_with_its_name(path, tmp_path):
    copy = tmp_path / "copy.parquet"
    shutil.copy(path, copy)
    splits = Vectors(str(copy), stream=True).load()
    copy.unlink()
    with pytest.raises(InputError, match=r"copy\.parquet: cannot be read to its end"):
        fit(splits, tmp_path / "state.npz")


def test_folds_are_of_rows_in_memory(stream):
    with pytest.raises(InputError, match=r"data\.stream=false"):
        next(folds(stream, 2, 0))
