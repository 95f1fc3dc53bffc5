"""Every part that scanning finds keeps the promises of its kind."""

import importlib
import inspect

import numpy as np
import pytest

from zoo.lazy import public_names
from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.parts import KINDS, arguments  # noqa: E402

WIDTH = 12
# How to make each part. A new part fails this suite until it has an entry here.
ARGUMENTS = {
    "bottlenecks.Gaussian": {"latent_dim": 3, "weight": 0.5, "warmup_epochs": 2, "free_bits": 0.1, "seed": 4},
    "bottlenecks.Linear": {"latent_dim": 3},
    "corruptions.GaussianNoise": {"scale": 0.2, "seed": 1},
    "likelihoods.Normal": {"scale": 0.5, "learn_scale": True},
    "networks.MLP": {"hidden": [8, 4], "activation": "tanh", "skip": True, "dropout": 0.1},
    "objectives.KeepCosines": {"weight": 2.0, "temperature": 0.1},
    "preprocessing.Centre": {},
    "preprocessing.NormaliseLength": {"length": 2.0},
    "preprocessing.RemoveDominantDirections": {"directions": 2},
    "preprocessing.ShrinkDominantDirections": {"directions": 3, "power": 0.5},
    "models.Autoencoder": {
        "encoder": "networks.MLP",
        "bottleneck": "bottlenecks.Gaussian",
        "decoder": "networks.MLP",
        "likelihood": "likelihoods.Normal",
        "corruption": "corruptions.GaussianNoise",
        "preprocess": {"centre": "preprocessing.Centre", "length": "preprocessing.NormaliseLength"},
        "terms": {"cosines": "objectives.KeepCosines"},
    },
    "models.DenseAutoencoder": {"latent_dim": 3, "hidden": [8], "preprocess": {"centre": "preprocessing.Centre"}},
    "models.VAE": {"latent_dim": 3, "hidden": [8, 6], "skip": True, "terms": {"cosines": "objectives.KeepCosines"}},
}
AT_LEAST = {
    "bottlenecks": 2,
    "corruptions": 1,
    "likelihoods": 1,
    "models": 3,
    "networks": 1,
    "objectives": 1,
    "preprocessing": 4,
}
PARTS = [f"{kind}.{name}" for kind in KINDS for name in public_names(importlib.import_module(f"zoo.{kind}").__path__)]
MODELS = [part for part in PARTS if part.startswith("models.")]


def cls(part):
    kind, name = part.split(".")
    return getattr(importlib.import_module(f"zoo.{kind}"), name)


def make(part, **more):
    def made(value):
        if isinstance(value, str) and value in ARGUMENTS:
            return make(value)
        return {name: made(each) for name, each in value.items()} if isinstance(value, dict) else value

    return cls(part)(**{name: made(value) for name, value in ARGUMENTS[part].items()}, **more)


def ready(part, rows, **more):
    keras.utils.set_random_seed(0)
    model = make(part, **more)
    model.build((None, WIDTH))
    model.adapt(lambda: [(rows, np.ones(len(rows), np.float32))])
    model.compile(optimizer="adam", jit_compile=False)
    return model


@pytest.fixture
def rows(splits):
    return splits.features[:64]


def test_scanning_finds_the_parts_and_every_part_has_an_example():
    assert set(AT_LEAST) == set(KINDS)
    for kind, least in AT_LEAST.items():
        assert len([part for part in PARTS if part.startswith(f"{kind}.")]) >= least
    missing = set(PARTS) - set(ARGUMENTS)
    assert not missing, f"say in ARGUMENTS how to make {sorted(missing)}"


@pytest.mark.parametrize("part", PARTS)
def test_configuration_makes_the_same_part_again(part):
    made = make(part)
    config = made.get_config()
    for name in arguments(type(made)):
        assert hasattr(made, name), f"{part} does not keep its argument {name}"
        assert name in config
    again = type(made).from_config(config)
    assert again.get_config() == config
    assert keras.saving.get_registered_name(type(made)) == f"zoo>{type(made).__name__}"
    changed = {name: value for name, value in ARGUMENTS[part].items() if isinstance(value, int | float)}
    for name, value in changed.items():
        assert config[name] == value


@pytest.mark.parametrize("part", PARTS)
def test_docstrings_say_what_goes_in_and_out(part):
    documentation = inspect.getdoc(cls(part))
    named = [name for name in arguments(cls(part)) if f"{name}:" not in documentation]
    assert not named, f"{part} does not document {named}"
    module = inspect.getsource(inspect.getmodule(cls(part)))
    assert "[batch" in module, f"{part} gives no shapes"


@pytest.mark.parametrize("part", MODELS)
def test_models_save_and_load_in_safe_mode_with_equal_values(part, rows, tmp_path):
    model = ready(part, rows)
    model.fit(rows, batch_size=32, verbose=0)
    model.save(tmp_path / "model.keras")
    again = cls("models.Autoencoder").load(tmp_path / "model.keras")
    assert type(again) is type(model)
    np.testing.assert_array_equal(again.encode(rows), model.encode(rows))
    np.testing.assert_array_equal(again.reconstruct(rows), model.reconstruct(rows))


@pytest.mark.parametrize("part", MODELS)
def test_models_export_with_equal_values(part, rows, tmp_path):
    from zoo.export.exporter import _write

    model = ready(part, rows)
    _write(tmp_path / "model", model, "vector")
    signatures = tf.saved_model.load(str(tmp_path / "model")).signatures
    for batch in (rows, rows[:1]):
        codes = signatures["serving_default"](vector=tf.constant(batch))["embedding"]
        np.testing.assert_allclose(codes, model.encode(batch), atol=1e-6)
        again = signatures["reconstruct"](vector=tf.constant(batch))["reconstruction"]
        np.testing.assert_allclose(again, model.reconstruct(batch), atol=1e-5)


@pytest.mark.parametrize("part", MODELS)
def test_models_train_alike_with_the_same_seed_and_otherwise_with_another(part, rows):
    first, same = (ready(part, rows) for _ in range(2))
    for model in (first, same):
        model.fit(rows, batch_size=32, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_allclose(first.encode(rows), same.encode(rows), atol=1e-6)
    keras.utils.set_random_seed(1)
    other = make(part)
    other.build((None, WIDTH))
    assert np.abs(np.asarray(other.encode(rows)) - np.asarray(ready(part, rows).encode(rows))).max() > 1e-3


@pytest.mark.parametrize("part", MODELS)
def test_models_compute_in_bfloat16_where_they_are_told_to(part, rows):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = ready(part, rows)
        kernel = next(layer for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dense))
        assert kernel.compute_dtype == "bfloat16"
        history = model.fit(rows, batch_size=32, verbose=0).history
    finally:
        keras.config.set_dtype_policy(before)
    assert np.isfinite(history["loss"]).all()
    codes = np.asarray(model.encode(rows))
    assert codes.dtype == np.float32
    np.testing.assert_allclose(codes, ready_like(part, rows, model).encode(rows), atol=0.15)


def ready_like(part, rows, model):
    """The same weights in float32."""
    twin = ready(part, rows)
    twin.set_weights(model.get_weights())
    return twin
