"""Every part, with every argument set to something of its own, at work inside a model that trains and is saved."""

import importlib
import inspect
import json

import numpy as np
import pytest

from zoo.lazy import public_names
from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.linear import Linear  # noqa: E402
from zoo.likelihoods.normal import Normal  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.parts import KINDS, arguments  # noqa: E402

WIDTH = 6
FOUND = {kind: public_names(importlib.import_module(f"zoo.{kind}").__path__) for kind in KINDS}
AT_LEAST = {"bottlenecks": 2, "corruptions": 1, "likelihoods": 1, "models": 3, "networks": 1, "objectives": 1}
# Which argument of the hosting model takes a part of a kind, and how.
PLACE = {
    "bottlenecks": lambda part: {"bottleneck": part},
    "corruptions": lambda part: {"corruption": part},
    "likelihoods": lambda part: {"likelihood": part},
    "networks": lambda part: {"encoder": part},
    "objectives": lambda part: {"terms": {"term": part}},
    "preprocessing": lambda part: {"preprocess": {"first": part}},
}
HOSTED = [(kind, name) for kind in PLACE for name in FOUND[kind]]
# A part's arguments, each other than its default: one that the configuration drops would come back as the default.
EXAMPLES = {
    "Gaussian": {"latent_dim": 3, "weight": 0.5, "warmup_epochs": 2, "free_bits": 0.1, "seed": 4},
    "Linear": {"latent_dim": 3},
    "GaussianNoise": {"scale": 0.3, "seed": 5},
    "Normal": {"scale": 0.5, "learn_scale": True},
    "MLP": {"hidden": [5, 4], "activation": "tanh", "skip": True, "dropout": 0.25},
    "KeepCosines": {"weight": 3.0, "temperature": 0.2},
    "Centre": {},
    "NormaliseLength": {"length": 2.0},
    "RemoveDominantDirections": {"directions": 1},
    "ShrinkDominantDirections": {"directions": 3, "power": 0.5},
}


def make(kind, name):
    if name not in EXAMPLES:
        pytest.fail(f"{kind}.{name} has no example: add its arguments to EXAMPLES in {__file__}")
    return getattr(importlib.import_module(f"zoo.{kind}"), name)(**EXAMPLES[name])


def host(kind, name):
    keras.utils.set_random_seed(0)
    parts = {"encoder": MLP([5]), "bottleneck": Linear(3), "decoder": MLP([5]), "likelihood": Normal()}
    return Autoencoder(**{**parts, **PLACE[kind](make(kind, name))})


def ready(kind, name, rows):
    model = host(kind, name)
    model.build((None, WIDTH))
    model.adapt(lambda: [(rows, np.ones(len(rows), np.float32))])
    model.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=True)
    return model


@pytest.fixture
def rows():
    return (np.random.default_rng(0).normal(size=(24, WIDTH)) * np.linspace(3, 0.5, WIDTH) + 2).astype(np.float32)


def test_scanning_finds_the_parts():
    assert set(FOUND) == set(PLACE) | {"models"}, "a new kind of part needs a place in the hosting model"
    for kind, least in AT_LEAST.items():
        assert len(FOUND[kind]) >= least, kind
    assert len(FOUND["preprocessing"]) >= 4


@pytest.mark.parametrize(("kind", "name"), HOSTED)
def test_no_example_says_what_is_the_default_anyway(kind, name):
    part = make(kind, name)
    assert set(EXAMPLES[name]) == set(arguments(type(part)))
    for argument, parameter in inspect.signature(type(part)).parameters.items():
        if argument in EXAMPLES[name]:
            assert EXAMPLES[name][argument] != parameter.default, f"{name}.{argument} is the default"


@pytest.mark.parametrize(("kind", "name"), HOSTED)
def test_a_part_comes_back_from_json_with_every_argument(kind, name):
    part = make(kind, name)
    text = json.dumps(keras.saving.serialize_keras_object(part))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(again) is type(part)
    assert again.name == part.name
    for argument, value in EXAMPLES[name].items():
        assert getattr(part, argument) == value
        assert getattr(again, argument) == value


@pytest.mark.parametrize(("kind", "name"), HOSTED)
def test_a_part_trains_and_is_saved_and_loaded_inside_a_model(kind, name, rows, tmp_path):
    model = ready(kind, name, rows)
    before = [np.asarray(each).copy() for each in model.trainable_variables]
    assert np.isfinite(model.train_on_batch(rows, return_dict=True)["loss"])
    for weight, value in zip(model.trainable_variables, before, strict=True):
        assert not np.array_equal(np.asarray(weight), value), f"{weight.path} was not trained"
    model.save(tmp_path / "model.keras")
    again = Autoencoder.load(tmp_path / "model.keras")
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())  # lists for tuples
    np.testing.assert_array_equal(again.encode(rows), model.encode(rows))
    np.testing.assert_array_equal(again.reconstruct(rows), model.reconstruct(rows))
    assert np.isfinite(np.asarray(model.reconstruct(rows))).all()
    np.testing.assert_array_equal(again(rows)["distortion"], model(rows)["distortion"])
    np.testing.assert_array_equal(again(rows)["cost"], model(rows)["cost"])


@pytest.mark.parametrize(("kind", "name"), HOSTED)
def test_a_row_is_encoded_alike_alone_and_among_others_and_in_a_graph(kind, name, rows):
    model = ready(kind, name, rows)
    codes = np.asarray(model.encode(rows))
    np.testing.assert_allclose(np.concatenate([model.encode(row[None]) for row in rows]), codes, atol=1e-5)
    graph = tf.function(model.encode, input_signature=[tf.TensorSpec((None, WIDTH), tf.float32)])
    np.testing.assert_allclose(graph(rows), codes, atol=1e-5)
    np.testing.assert_array_equal(model.encode(rows), codes)
    assert np.isfinite(model.train_on_batch(rows[:1], return_dict=True)["loss"])


@pytest.mark.parametrize(("kind", "name"), HOSTED)
def test_a_part_trains_in_mixed_precision(kind, name, rows):
    expected = np.asarray(ready(kind, name, rows).encode(rows))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = ready(kind, name, rows)
        codes = np.asarray(model.encode(rows))
        assert codes.dtype == np.float32
        np.testing.assert_allclose(codes, expected, atol=0.03 * np.abs(expected).max())
        assert np.isfinite(model.train_on_batch(rows, return_dict=True)["loss"])
    finally:
        keras.config.set_dtype_policy(before)
