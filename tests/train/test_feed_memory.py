"""The feed never makes a second table, and an epoch of Keras' sees the rows of that epoch."""

from dataclasses import replace

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.train.feed import Feed  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402
from zoo.types import Splits  # noqa: E402


class Asked(np.ndarray):
    """A table that notes which rows it is asked for."""

    def __array_finalize__(self, source):
        self.rows = getattr(source, "rows", None)

    def __getitem__(self, key):
        if isinstance(key, np.ndarray) and self.rows is not None:
            self.rows.append(np.array(key))
        return np.asarray(super().__getitem__(key))


@pytest.fixture
def watched(splits):
    features = splits.features.view(Asked)
    features.rows = []
    return replace(splits, features=features)


def test_rows_are_gathered_a_batch_at_a_time_from_the_one_table(watched):
    feed = Feed(watched, 64, seed=0)
    assert watched.features.rows == []  # nothing is read before it is needed
    batches = list(feed.training()) + list(feed.validation())
    assert feed.splits.features is watched.features
    asked = watched.features.rows
    assert [len(batch) for batch in batches] == [64] * 6 + [64, 36]
    assert len(asked) == 8  # each batch once
    assert max(len(rows) for rows in asked) == 64
    assert set(np.concatenate(asked[6:]).tolist()) == set(watched.validation.tolist())


def test_the_last_batch_of_validation_is_not_left_out(watched):
    sizes = [len(batch) for batch in Feed(watched, 64, seed=0).validation()]
    assert sizes == [64, 36]


def test_every_epoch_of_training_sees_the_rows_of_that_epoch_and_never_those_held_out(watched, tmp_path):
    keras.utils.set_random_seed(0)
    model = DenseAutoencoder(2, [4])
    Trainer(3, batch_size=64).fit(model, watched, seed=5, state=tmp_path / "state.npz")
    asked = np.concatenate(watched.features.rows)
    assert not np.isin(watched.test, asked).any()
    training = [rows for rows in watched.features.rows if np.isin(rows, watched.train).all()]
    seen = [training[6 * epoch : 6 * epoch + 6] for epoch in range(3)]
    feed = Feed(watched, 64, seed=5)
    for epoch, batches in enumerate(seen):
        assert len(set(np.concatenate(batches).tolist())) == 384
        watched.features.rows.clear()
        feed.start_epoch(epoch)
        list(feed.training())
        assert as_a_set(watched.features.rows) == as_a_set(batches)
    assert as_a_set(seen[0]) != as_a_set(seen[1])


def as_a_set(batches):
    """TensorFlow may gather several batches at once, and hands them on in their order."""
    return {tuple(batch.tolist()) for batch in batches}


def test_nothing_tunes_the_pipelines():
    """What tunes them lets about every fifth of them end late, at 0.63 or 1.27 or 2.55 .. s: too rarely for a test."""
    feed = Feed(Splits(np.zeros((640, 4), np.float32), np.arange(640), np.arange(64), np.arange(64)), 64, seed=0)
    for batches in (feed.training(), feed.validation()):
        assert batches.options().autotune.enabled is False
