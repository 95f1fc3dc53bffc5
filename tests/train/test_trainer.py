import dataclasses

import numpy as np
import pytest

from zoo.errors import InputError
from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.vae import VAE  # noqa: E402
from zoo.train.feed import Feed  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402


class KilledError(Exception):
    """As if the process had died."""


class Recorder:
    """A listener that keeps what it hears, and may kill the run after an epoch."""

    def __init__(self, kill_after=None):
        self.kill_after, self.epochs, self.begun, self.steps, self.ended = kill_after, [], None, [], 0

    def train_begins(self, epochs, first_epoch, steps):
        self.begun = (epochs, first_epoch, steps)

    def steps_done(self, epoch, steps, logs):
        self.steps.append((epoch, steps))

    def epoch_ends(self, epoch, logs):
        self.epochs.append((epoch, logs))
        if epoch + 1 == self.kill_after:
            raise KilledError

    def train_ends(self):
        self.ended += 1


def vae(seed=0, **arguments):
    keras.utils.set_random_seed(seed)
    return VAE(3, [8], **arguments)


def fit(splits, state, model=None, listener=None, seed=0, **settings):
    trainer = Trainer(**{"epochs": 4, "batch_size": 64, "learning_rate": 0.01, **settings})
    return trainer.fit(model or vae(seed), splits, seed=seed, state=state, listeners=[listener] if listener else [])


@pytest.fixture
def state(tmp_path):
    return tmp_path / "state.npz"


def codes(trained, splits):
    return np.asarray(trained.model.encode(splits.features))


def test_a_feed_shows_every_row_at_most_once_an_epoch_in_an_order_of_its_own(splits):
    feed = Feed(splits, 64, seed=3)

    def epoch(number):
        feed.start_epoch(number)
        return np.concatenate([batch.numpy() for batch in feed.training()])

    first, again, second = epoch(0), epoch(0), epoch(1)
    assert first.shape == (384, 12)  # 6 whole batches of 400 rows
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, second)
    training = {row.tobytes() for row in splits.features[splits.train]}
    assert len({row.tobytes() for row in first}) == 384
    assert {row.tobytes() for row in first} <= training
    np.testing.assert_array_equal(np.concatenate([b.numpy() for b in feed.validation()]), splits.features[400:500])
    assert not np.array_equal(first, np.concatenate([b.numpy() for b in Feed(splits, 64, seed=4).training()]))


def test_rows_with_weights_are_drawn_in_proportion(splits):
    from dataclasses import replace

    weights = np.ones(600, np.float32)
    weights[:100], weights[100:200] = 3.0, 0.0
    feed = Feed(replace(splits, weights=weights), 50, seed=0)
    drawn = []
    for number in range(20):
        feed.start_epoch(number)
        drawn += [batch.numpy() for batch in feed.training()]
    where = {row.tobytes(): i for i, row in enumerate(splits.features)}
    counts = np.bincount([where[row.tobytes()] for row in np.concatenate(drawn)], minlength=600)
    assert counts[100:200].sum() == 0
    assert counts[400:].sum() == 0
    assert counts[:100].sum() / counts[200:400].sum() == pytest.approx(1.5, rel=0.1)


def test_training_learns_and_reports_every_epoch(splits, state):
    listener = Recorder()
    trained = fit(splits, state, listener=listener, epochs=6)
    assert listener.begun == (6, 0, 6)
    assert [epoch for epoch, _ in listener.epochs] == list(range(6))
    assert listener.ended == 1
    assert listener.steps[-1] == (5, 6)
    assert {"loss", "distortion", "rate", "val_loss", "val_distortion", "val_rate"} <= set(listener.epochs[0][1])
    assert trained.history[-1]["val_loss"] < trained.history[0]["val_loss"]
    untrained = np.asarray(trained.untrained.encode(splits.features))
    assert np.abs(untrained - codes(trained, splits)).max() > 0.1
    np.testing.assert_array_equal(untrained, np.asarray(vae_built(splits).encode(splits.features)))


def vae_built(splits):
    model = vae()
    model.build((None, splits.width))
    return model


def test_the_best_epochs_weights_are_kept(splits, state):
    trained = fit(splits, state, epochs=15, learning_rate=0.3, patience=4)  # far too fast: the loss goes up and down
    losses = [logs["val_loss"] for logs in trained.history]
    best = int(np.argmin(losses))
    assert trained.best_epoch == best
    assert best < len(losses) - 1
    again = trained.model.evaluate(Feed(splits, 64, 0).validation(), verbose=0, return_dict=True)
    assert again["loss"] == pytest.approx(losses[best], rel=1e-5)


def test_patience_ends_training_early(splits, state):
    trained = fit(splits, state, epochs=60, learning_rate=0.3, patience=3)
    assert len(trained.history) < 60
    assert len(trained.history) == trained.best_epoch + 4


def test_warm_up_is_not_taken_for_getting_worse(splits, state):
    model = vae(weight=20.0, warmup_epochs=6)  # the loss grows with the weight
    trained = fit(splits, state, model=model, epochs=8, patience=1)
    assert trained.best_epoch >= 5
    assert float(trained.model.bottleneck.warmth) == 1.0


def test_a_loss_that_is_not_finite_stops_with_the_last_good_weights(splits, state):
    trained = fit(splits, state, epochs=5, learning_rate=1e30)
    assert len(trained.history) <= 2
    assert "non-finite" in trained.notes[0]
    assert "train.learning_rate" in trained.notes[0]
    assert np.isfinite(codes(trained, splits)).all()


def test_a_killed_run_goes_on_as_if_nothing_had_happened(splits, state, tmp_path):
    settings = {"epochs": 6, "learning_rate": 0.05, "patience": 2, "plateau_patience": 1}
    whole = fit(splits, tmp_path / "whole.npz", **settings)
    with pytest.raises(KilledError):
        fit(splits, state, listener=Recorder(kill_after=3), **settings)
    listener = Recorder()
    resumed = fit(splits, state, listener=listener, **settings)
    assert resumed.resumed_epoch == 3
    assert listener.begun[1] == 3
    assert [epoch for epoch, _ in listener.epochs] == list(range(3, len(whole.history)))
    assert len(resumed.history) == len(whole.history)
    for before, after in zip(whole.history, resumed.history, strict=True):
        assert after == pytest.approx(before, rel=1e-5)
    assert resumed.best_epoch == whole.best_epoch
    np.testing.assert_allclose(codes(resumed, splits), codes(whole, splits), atol=1e-6)


def test_a_run_that_had_stopped_is_not_trained_further(splits, state):
    settings = {"epochs": 60, "learning_rate": 0.3, "patience": 3}
    finished = fit(splits, state, **settings)
    again = fit(splits, state, listener=(listener := Recorder()), **settings)
    assert listener.epochs == []
    assert again.history == finished.history
    np.testing.assert_allclose(codes(again, splits), codes(finished, splits), atol=1e-7)


def test_seeds_reproduce(splits, tmp_path):
    first, same = (codes(fit(splits, tmp_path / f"{i}.npz", epochs=2), splits) for i in range(2))
    other = codes(fit(splits, tmp_path / "other.npz", epochs=2, seed=1), splits)
    np.testing.assert_allclose(first, same, atol=1e-6)
    assert np.abs(first - other).max() > 0.01


def test_the_cosine_schedule_ends_at_zero(splits, state):
    trained = fit(splits, state, schedule="cosine", epochs=3)
    assert float(trained.model.optimizer.learning_rate) == pytest.approx(0, abs=1e-8)
    plateau = fit(splits, state.with_name("p.npz"), epochs=12, learning_rate=0.3, plateau_patience=1, patience=0)
    assert float(plateau.model.optimizer.learning_rate) < 0.3


def test_a_batch_that_the_rows_do_not_fill_is_made_smaller_with_a_note(splits, state):
    trained = fit(splits, state, batch_size=512, epochs=1)
    assert trained.notes == ("400 training rows do not fill a batch of 512: trained with train.batch_size=100",)
    assert int(trained.model.optimizer.iterations) == 4
    few = dataclasses.replace(splits, train=splits.train[:3])
    trained = fit(few, state.with_name("few.npz"), batch_size=512, epochs=1)
    assert int(trained.model.optimizer.iterations) == 3
    assert np.isfinite(trained.history[0]["loss"])


def test_a_table_without_rows_to_train_on_is_refused(splits, state):
    with pytest.raises(InputError, match="no row to train on"):
        fit(dataclasses.replace(splits, train=splits.train[:0]), state)


def test_what_is_solved_for_is_part_of_training_and_gradients_leave_it_alone(splits, state):
    from zoo.bottlenecks.identity import Identity
    from zoo.corruptions.gaussian_noise import GaussianNoise
    from zoo.likelihoods.normal import Normal
    from zoo.models.autoencoder import Autoencoder
    from zoo.networks.agreeing_directions import AgreeingDirections
    from zoo.networks.mlp import MLP
    from zoo.preprocessing.centre import Centre

    def model():
        keras.utils.set_random_seed(0)
        encoder = AgreeingDirections(MLP([8]), 3, GaussianNoise(0.5, seed=0))
        return Autoencoder(encoder, Identity(3), MLP([8]), Normal(), preprocess={"centre": Centre()})

    trained = fit(splits, state, model(), epochs=1)
    alone = model()
    alone.build((None, *splits.shape))
    alone.adapt(lambda: splits.weighted_batches(splits.train))
    np.testing.assert_array_equal(trained.untrained.encoder.map, alone.encoder.map)
    alone.solve(lambda: splits.weighted_batches(splits.train))
    np.testing.assert_allclose(trained.model.encoder.map, alone.encoder.map, atol=1e-5)
    assert np.abs(np.asarray(trained.model.encoder.map) - trained.untrained.encoder.map).max() > 0.1
