"""In mixed precision only the networks compute in the short type; what sums, logs or prepares stays in float32."""

import numpy as np
import pytest

from zoo.quiet import import_tensorflow

import_tensorflow()
import keras  # noqa: E402

from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402
from zoo.objectives.keep_cosines import KeepCosines  # noqa: E402
from zoo.preprocessing.centre import Centre  # noqa: E402
from zoo.preprocessing.normalise_length import NormaliseLength  # noqa: E402
from zoo.preprocessing.remove_dominant_directions import RemoveDominantDirections  # noqa: E402


@pytest.fixture(params=["mixed_bfloat16", "mixed_float16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@pytest.fixture
def rows():
    """Far from 0 and with little spread, so that 8 bits of mantissa lose everything; one row is the mean itself."""
    rows = 100 + 0.1 * np.random.default_rng(0).normal(size=(64, 6))
    rows[0] = 0
    rows[0] = rows[1:].mean(axis=0)
    return rows.astype(np.float32)


def vae(rows):
    keras.utils.set_random_seed(0)
    preprocess = {"centre": Centre(), "directions": RemoveDominantDirections(1), "length": NormaliseLength()}
    model = VAE(3, [8], learn_scale=True, terms={"cosines": KeepCosines(1.0, 0.1)}, preprocess=preprocess)
    model.build((None, 6))
    model.adapt(lambda: [(rows, np.ones(len(rows), np.float32))])
    model.compile(optimizer="adam", run_eagerly=True)
    return model


def test_rows_are_prepared_in_float32(policy, rows):
    model = vae(rows)
    centred = rows.astype(np.float64) - rows.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    cleaned = centred - np.outer(centred @ directions[0], directions[0])
    expected = cleaned / np.linalg.norm(cleaned, axis=1, keepdims=True)
    for prepared in (model.prepare(rows), model(rows)["target"]):  # alone, and as training sees it
        np.testing.assert_allclose(np.asarray(prepared, np.float32)[1:], expected[1:], atol=2e-3)


def test_rows_of_zeros_stay_finite(policy):
    layer = NormaliseLength()
    np.testing.assert_array_equal(np.asarray(layer(np.zeros((2, 3), np.float32)), np.float32), np.zeros((2, 3)))


def test_training_runs_and_the_loss_is_that_of_float32(policy, rows):
    model = vae(rows)
    logs = model.evaluate(rows, batch_size=64, verbose=0, return_dict=True)
    keras.config.set_dtype_policy("float32")
    twin = vae(rows)
    twin.set_weights(model.get_weights())
    expected = twin.evaluate(rows, batch_size=64, verbose=0, return_dict=True)
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=0.02, abs=0.02), name
    before = [np.asarray(each).copy() for each in model.trainable_variables]
    history = model.fit(rows, batch_size=32, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    moved = [
        not np.array_equal(each, np.asarray(now)) for each, now in zip(before, model.trainable_variables, strict=True)
    ]
    assert all(moved)


def test_saved_models_load_with_equal_values(policy, rows, tmp_path):
    model = vae(rows)
    model.save(tmp_path / "model.keras")
    keras.config.set_dtype_policy("float32")  # the file says what the model computes in, not the process
    again = Autoencoder.load(tmp_path / "model.keras")
    assert again.encoder.layers[0].compute_dtype == policy.removeprefix("mixed_")
    np.testing.assert_array_equal(again.encode(rows), model.encode(rows))
    np.testing.assert_array_equal(again.reconstruct(rows), model.reconstruct(rows))
    assert np.asarray(again.encode(rows)).dtype == np.float32
