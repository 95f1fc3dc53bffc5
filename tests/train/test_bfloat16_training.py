"""Training in bfloat16: faster where a processor multiplies in it, and nothing of it is left in the trained model."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402
import tensorflow as tf  # noqa: E402

from zoo.models.conv_autoencoder import ConvAutoencoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402
from zoo.objectives.keep_cosines import KeepCosines  # noqa: E402
from zoo.train import precision  # noqa: E402
from zoo.train.trainer import Trainer  # noqa: E402


def vae():
    keras.utils.set_random_seed(0)
    return VAE(3, [8], terms={"cosines": KeepCosines(1.0, 0.1)})


def fit(splits, folder, chosen):
    trainer = Trainer(epochs=4, batch_size=64, learning_rate=0.01, precision=chosen)
    return trainer.fit(vae(), splits, seed=0, state=folder / f"{chosen}.npz")


def computing(model):
    """The types that a model's layers, down to the smallest, compute in."""
    return {layer.compute_dtype for layer in model._flatten_layers()}


def test_the_loss_is_that_of_float32_and_the_model_is_too(splits, tmp_path):
    exact, short = fit(splits, tmp_path, "float32"), fit(splits, tmp_path, "bfloat16")
    losses = [[epoch["val_loss"] for epoch in trained.history] for trained in (exact, short)]
    np.testing.assert_allclose(losses[1], losses[0], rtol=0.02)
    assert not np.array_equal(*losses)  # it did compute in something else
    assert (exact.precision, short.precision) == ("float32", "bfloat16")
    for model in (short.model, short.untrained):
        assert computing(model) == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    # what the validation saw, in bfloat16, and the model that is handed over have the same weights
    history = short.history[short.best_epoch]
    model = short.model
    model.compile(run_eagerly=True)
    logs = model.evaluate(splits.features[splits.validation], batch_size=100, verbose=0, return_dict=True)
    assert logs["distortion"] == pytest.approx(history["val_distortion"], rel=0.02)
    assert not np.array_equal(model.encode(splits.features), short.untrained.encode(splits.features))


def test_an_interrupted_training_goes_on_in_bfloat16(splits, tmp_path):
    def trainer(epochs):
        # the plateau schedule does not depend on how many epochs there are
        return Trainer(epochs=epochs, batch_size=64, learning_rate=0.01, keep="last", precision="bfloat16")

    whole = trainer(4).fit(vae(), splits, seed=0, state=tmp_path / "whole.npz")

    class Stopped(Exception):  # noqa: N818
        pass

    class Listener:
        def train_begins(self, epochs, first_epoch, steps): ...
        def steps_done(self, epoch, steps, logs): ...
        def train_ends(self): ...

        def epoch_ends(self, epoch, logs):
            if epoch == 1:
                raise Stopped

    with pytest.raises(Stopped):
        trainer(4).fit(vae(), splits, seed=0, state=tmp_path / "half.npz", listeners=[Listener()])
    resumed = trainer(4).fit(vae(), splits, seed=0, state=tmp_path / "half.npz")
    assert resumed.resumed_epoch == 2
    np.testing.assert_array_equal(resumed.model.encode(splits.features), whole.model.encode(splits.features))


def test_a_twin_computes_its_networks_in_bfloat16_and_the_rest_in_float32():
    keras.utils.set_random_seed(0)
    model = ConvAutoencoder(4, [8], terms={"cosines": KeepCosines(1.0, 0.1)})
    model.build((None, 8, 8, 1))
    twin = precision.twin(model, "mixed_bfloat16")
    assert computing(twin.encoder) == computing(twin.decoder) == {"bfloat16"}
    assert computing(twin.likelihood) | computing(twin.terms["cosines"]) == {"float32"}
    for own, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert other.dtype == np.float32
        np.testing.assert_array_equal(own, other)
    images = np.random.default_rng(0).uniform(0, 255, (16, 8, 8, 1)).astype(np.float32)
    exact, short = np.asarray(model.encode(images)), np.asarray(twin.encode(images))
    assert 0 < np.abs(exact - short).max() < 0.05 * np.abs(exact).max()
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="a GPU is asked first")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx512f avx512_bf16\n", "bfloat16"),
        ("processor\t: 0\nflags\t\t: fpu amx_bf16 amx_tile\n", "bfloat16"),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", "bfloat16"),
        ("processor\t: 0\nmodel name\t: bf16\nflags\t\t: fpu avx512f\n", "float32"),
        (None, "float32"),
    ],
)
def test_auto_asks_the_processor(tmp_path, monkeypatch, text, expected):
    described = tmp_path / "cpuinfo"
    if text is not None:
        described.write_text(text)
    monkeypatch.setattr(precision, "_PROCESSORS", described)
    assert precision.chosen("auto") == expected
    assert (precision.chosen("float32"), precision.chosen("bfloat16")) == ("float32", "bfloat16")
