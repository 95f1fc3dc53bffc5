import numpy as np
import pytest

from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.linear import Linear  # noqa: E402
from zoo.corruptions.gaussian_noise import GaussianNoise  # noqa: E402
from zoo.likelihoods.multinomial import Multinomial  # noqa: E402
from zoo.likelihoods.normal import Normal  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.models.dense_autoencoder import DenseAutoencoder  # noqa: E402
from zoo.models.vae import VAE  # noqa: E402
from zoo.networks.embedding_bag import EmbeddingBag  # noqa: E402
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.objectives.keep_cosines import KeepCosines  # noqa: E402
from zoo.preprocessing.centre import Centre  # noqa: E402
from zoo.preprocessing.normalise_length import NormaliseLength  # noqa: E402


def vae(**arguments):
    keras.utils.set_random_seed(0)
    defaults = {"weight": 0.5, "terms": {"cosines": KeepCosines(3.0)}, "preprocess": {"centre": Centre()}}
    return VAE(4, [8], **{**defaults, **arguments})


def ready(model, rows):
    model.build((None, rows.shape[1]))
    model.adapt(lambda: [(rows, np.ones(len(rows), np.float32))])
    model.compile(optimizer="adam", jit_compile=False)
    return model


@pytest.fixture
def rows(splits):
    return splits.features[:96]


def test_loss_is_the_mean_over_rows_of_distortion_cost_and_terms(rows):
    model = ready(vae(), rows)
    outputs = {name: np.asarray(value, np.float64) for name, value in model(rows).items()}
    term = np.asarray(model.terms["cosines"](outputs["target"], outputs["code"]), np.float64)
    logs = model.evaluate(rows, batch_size=len(rows), verbose=0, return_dict=True)
    assert logs["loss"] == pytest.approx((outputs["distortion"] + 0.5 * outputs["rate"] + term).mean(), rel=1e-5)
    assert logs["distortion"] == pytest.approx(outputs["distortion"].mean(), rel=1e-5)
    assert logs["rate"] == pytest.approx(outputs["rate"].mean(), rel=1e-5)
    assert logs["cosines"] == pytest.approx(term.mean(), rel=1e-5)


def test_distortion_is_the_negative_log_likelihood_of_the_preprocessed_row(rows):
    model = ready(DenseAutoencoder(4, [8], scale=0.5, preprocess={"centre": Centre()}), rows)
    target = rows - rows.mean(axis=0)
    error = target - (np.asarray(model.reconstruct(rows)) - rows.mean(axis=0))
    expected = (error**2).sum(axis=1) / (2 * 0.25) + 12 * np.log(0.5 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(model(rows)["distortion"], expected, rtol=1e-4)


def test_evaluation_changes_nothing_and_training_only_the_trainable(rows):
    model = ready(vae(corruption=GaussianNoise(0.1)), rows)
    before = [np.asarray(variable).copy() for variable in model.variables]
    first, second = (model.evaluate(rows, batch_size=32, verbose=0) for _ in range(2))
    assert first == second
    model.predict(rows, verbose=0)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), value, err_msg=variable.path)
    model.fit(rows, batch_size=32, verbose=0)
    changed = {v.path for v, value in zip(model.variables, before, strict=True) if not np.array_equal(v, value)}
    assert {v.path for v in model.trainable_variables} <= changed
    assert not any("centre" in path for path in changed)


def test_training_lowers_the_loss(rows):
    model = ready(vae(), rows)
    before = model.evaluate(rows, verbose=0)[0]
    model.fit(rows, batch_size=32, epochs=20, verbose=0)
    assert model.evaluate(rows, verbose=0)[0] < before - 1


def test_sample_weights_count(rows):
    model = ready(vae(terms={}), rows)
    weights = np.r_[np.ones(48), np.zeros(48)].astype(np.float32)
    outputs = model(rows)
    total = np.asarray(outputs["distortion"] + outputs["cost"])
    loss = model.compute_loss(y_pred=outputs, sample_weight=weights)
    assert float(loss) == pytest.approx((total * weights).mean(), rel=1e-5)


def test_corruption_damages_what_the_encoder_sees_but_not_the_target(rows):
    model = ready(vae(corruption=GaussianNoise(5.0)), rows)
    calm, damaged = model(rows), model(rows, training=True)
    np.testing.assert_array_equal(calm["target"], damaged["target"])
    assert np.abs(np.asarray(calm["code"]) - np.asarray(damaged["code"])).max() > 0.1
    np.testing.assert_array_equal(calm["code"], model.encode(rows))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.float16])
def test_rows_of_any_number_type(dtype, rows):
    model = ready(vae(), rows)
    whole = np.round(rows)
    np.testing.assert_allclose(model.encode(whole.astype(dtype)), model.encode(whole), atol=1e-6)


@pytest.mark.parametrize("shape", [(3, 11), (12,), (2, 3, 12)])
def test_rows_of_another_shape_are_refused(shape, rows):
    model = ready(vae(), rows)
    with pytest.raises(ValueError, match=r"takes rows \[n, 12\]"):
        model.encode(np.zeros(shape, np.float32))


def test_a_batch_of_one_is_the_first_of_many(rows):
    model = ready(vae(), rows)
    np.testing.assert_allclose(model.encode(rows[:1]), model.encode(rows)[:1], atol=1e-6)
    assert np.isfinite(model.fit(rows[:1], verbose=0).history["loss"][0])


def test_reconstruction_is_in_the_units_of_the_raw_rows(rows):
    preprocess = {"centre": Centre(), "length": NormaliseLength()}
    model = ready(DenseAutoencoder(12, [], skip=True, preprocess=preprocess), rows)
    model.bottleneck.projection.kernel.assign(np.eye(12))
    model.likelihood.location.dense.kernel.assign(np.eye(12))  # the identity from end to end
    centred = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    expected = centred / lengths * lengths.mean() + rows.mean(axis=0)
    np.testing.assert_allclose(model.reconstruct(rows), expected, atol=1e-4)


def test_another_file_is_not_taken_for_a_model_of_the_zoo(tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "other.keras")
    with pytest.raises(TypeError, match="Sequential"):
        Autoencoder.load(tmp_path / "other.keras")


def test_an_encoder_of_sparse_rows_with_a_likelihood_of_dense_ones_is_refused():
    with pytest.raises(ValueError, match="EmbeddingBag takes sparse rows and Normal takes dense rows"):
        Autoencoder(EmbeddingBag(4), Linear(2), MLP([4]), Normal())
    with pytest.raises(ValueError, match="must take the same rows"):
        Autoencoder(MLP([4]), Linear(2), MLP([4]), Multinomial())
