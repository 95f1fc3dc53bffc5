"""Every part that scanning finds, with every argument set to something of its own, at work inside a model.

A new part fails this suite until it has an entry in EXAMPLES, and keeps all of a part's promises once it has one.
"""

import importlib
import inspect
import json

import numpy as np
import pytest
from scipy.sparse import csr_array

from zoo.lazy import public_names
from zoo.quiet import import_tensorflow

tf = import_tensorflow()
import keras  # noqa: E402

from zoo.bottlenecks.linear import Linear  # noqa: E402
from zoo.encoder import Encoder  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods.multinomial import Multinomial  # noqa: E402
from zoo.likelihoods.normal import Normal  # noqa: E402
from zoo.likelihoods.product import Product  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.networks.embedding_bag import EmbeddingBag  # noqa: E402
from zoo.networks.mlp import MLP  # noqa: E402
from zoo.networks.residual_encoder import ResidualEncoder  # noqa: E402
from zoo.parts import KINDS, arguments  # noqa: E402
from zoo.preprocessing.rescale import Rescale  # noqa: E402
from zoo.rows._cells import padded  # noqa: E402
from zoo.rows.dense_rows import DenseRows  # noqa: E402
from zoo.rows.sparse_rows import SparseRows  # noqa: E402
from zoo.types import TableSchema  # noqa: E402

PARTS = [f"{kind}.{name}" for kind in KINDS for name in public_names(importlib.import_module(f"zoo.{kind}").__path__)]
MODELS = [part for part in PARTS if part.startswith("models.")]
HOSTED = [part for part in PARTS if part not in MODELS]
AT_LEAST = {
    "bottlenecks": 8,
    "corruptions": 5,
    "likelihoods": 6,
    "models": 5,
    "networks": 6,
    "objectives": 3,
    "preprocessing": 6,
}
# A part's arguments, each other than its default: one that the configuration drops would come back as the default.
EXAMPLES = {
    "bottlenecks.Gaussian": {
        "latent_dim": 3,
        "weight": 0.5,
        "warmup_epochs": 6,
        "free_bits": 0.1,
        "cycles": 2,
        "seed": 4,
    },
    "bottlenecks.FlowPrior": {
        "latent_dim": 3,
        "couplings": 3,
        "hidden": 6,
        "weight": 0.5,
        "warmup_epochs": 6,
        "cycles": 2,
        "seed": 4,
    },
    "bottlenecks.GaussianMixture": {
        "latent_dim": 3,
        "components": 4,
        "weight": 0.5,
        "warmup_epochs": 6,
        "free_bits": 0.1,
        "cycles": 2,
        "spread": 2.0,
        "learn_shares": False,
        "fit_epoch": 3,
        "seed": 4,
    },
    "bottlenecks.Identity": {"latent_dim": 5},
    "bottlenecks.Linear": {"latent_dim": 3, "start": "components"},
    "bottlenecks.ProductQuantised": {
        "groups": 2,
        "codes": 4,
        "softness": 0.5,
        "ridge": 3.0,
        "refinements": 1,
        "seed": 4,
        "width": 5,
    },
    "bottlenecks.SparseL1": {"latent_dim": 3, "weight": 0.2, "non_negative": False},
    "bottlenecks.TopK": {"latent_dim": 6, "k": 3, "auxiliary_weight": 0.5, "dead_after": 3, "auxiliary_k": 2},
    "bottlenecks.VampPrior": {
        "latent_dim": 3,
        "components": 4,
        "weight": 0.5,
        "warmup_epochs": 6,
        "cycles": 2,
        "pseudo_mean": 0.1,
        "pseudo_scale": 0.5,
        "seed": 4,
    },
    "bottlenecks.VectorQuantised": {
        "latent_dim": 4,
        "groups": 2,
        "codes": 3,
        "commitment": 0.5,
        "decay": 0.9,
        "revive_below": 0.1,
        "seed": 4,
    },
    "corruptions.Chain": {"corruptions": {"noise": "corruptions.GaussianNoise", "mask": "corruptions.Masking"}},
    "corruptions.GaussianNoise": {"scale": 0.3, "seed": 5},
    "corruptions.Masking": {"share": 0.4, "value": 0.5, "seed": 5},
    "corruptions.RandomAffine": {
        "rotation": 0.1,
        "stretch": 0.2,
        "shear": 0.3,
        "shift": 0.2,
        "brightness": 0.1,
        "contrast": 0.1,
        "flip": 0.5,
        "tint": 0.1,
        "grey": 0.3,
        "crop": 0.6,
        "seed": 5,
    },
    "corruptions.ShiftAndCrop": {"scale_low": 0.6, "shift": 0.1, "flip": True, "seed": 5},
    "corruptions.SwapNoise": {"share": 0.4, "seed": 5},
    "likelihoods.Bernoulli": {},
    "likelihoods.Categorical": {"classes": 9},
    "likelihoods.Laplace": {"scale": 0.5, "learn_scale": True},
    "likelihoods.Multinomial": {"samples": 5, "proposal": "empirical", "chunk": 7, "seed": 3},
    "likelihoods.Normal": {"scale": 0.5, "learn_scale": True},
    "likelihoods.NormalAround": {"scale": 0.5, "learn_scale": True},
    "likelihoods.Product": {"fields": {"a": 4, "b": 5}},
    "networks.AgreeingDirections": {
        "network": "networks.MLP",
        "units": 3,
        "views": "corruptions.GaussianNoise",
        "shrinkage": 0.5,
        "whiten": 0.5,
        "rows": 11,
        "copies": 3,
        "about": "row",
    },
    "networks.EmbeddingBag": {"units": 5, "hidden": [4], "activation": "tanh", "combiner": "mean", "dropout": 0.25}
    | {"repeats": True},
    "networks.LetterEncoders": {
        "units": 5,
        "fields": {"a": 256, "b": 5},
        "evidence": {"a": 1.0, "b": 2.0},
        "spelt": ["a"],
        "by": "lstm",
        "letters": 3,
        "width": 4,
    },
    "networks.FieldEncoders": {
        "units": 5,
        "fields": {"a": 4, "b": 5},
        "evidence": {"a": 1.0, "b": 2.0},
        "alike": ["a"],
        "together": 0.5,
        "beyond": 0.5,
        "axes": 7,
        "steps": 2,
        "temperature": 0.1,
    },
    "networks.MLP": {"hidden": [5, 4], "activation": "tanh", "skip": True, "dropout": 0.25},
    "networks.NoiseFilter": {"network": "networks.MLP", "scale": 0.3},
    "networks.PatchCodes": {
        "centroids": 5,
        "side": 3,
        "stride": 2,
        "training_stride": 3,
        "body": "networks.MLP",
        "power": 0.5,
        "images": 11,
        "patches": 90,
        "seed": 4,
    },
    "networks.ResidualDecoder": {
        "widths": [5, 4],
        "blocks": 2,
        "upscale": 2,
        "activation": "tanh",
        "normalisation": "batch",
        "dropout": 0.25,
    },
    "networks.ResidualEncoder": {
        "widths": [4, 5],
        "blocks": 2,
        "stem_stride": 2,
        "activation": "tanh",
        "normalisation": "batch",
        "dropout": 0.25,
        "pool": True,
    },
    "objectives.AgreeAcrossViews": {
        "kind": "vicreg",
        "weight": 0.1,
        "temperature": 0.3,
        "of": "neighbour",
        "neighbours": 4,
    },
    "objectives.KeepCosines": {"weight": 3.0, "temperature": 0.2},
    "objectives.KeepNeighbours": {"weight": 3.0, "temperature": 0.2, "nested": [2]},
    "objectives.NeighbourPreserving": {
        "weight": 0.5,
        "neighbours": 4,
        "min_dist": 0.2,
        "spread": 1.5,
        "negatives": 3.0,
    },
    "preprocessing.Centre": {},
    "preprocessing.NormaliseLength": {"length": 2.0},
    "preprocessing.RemoveDominantDirections": {"directions": 1},
    "preprocessing.Rescale": {"scale": 0.5, "offset": 1.0},
    "preprocessing.Standardise": {"one_unit": True},
    "preprocessing.ShrinkDominantDirections": {"directions": 3, "power": 0.5},
    "models.Autoencoder": {
        "encoder": "networks.MLP",
        "bottleneck": "bottlenecks.Gaussian",
        "decoder": "networks.MLP",
        "likelihood": "likelihoods.Normal",
        "corruption": "corruptions.GaussianNoise",
        "preprocess": {"centre": "preprocessing.Centre", "length": "preprocessing.NormaliseLength"},
        "terms": {"cosines": "objectives.KeepCosines"},
        "false_alarm_rate": 0.1,
    },
    "models.ConvAutoencoder": {
        "latent_dim": 3,
        "widths": [4, 5],
        "stem_stride": 2,
        "corruption": "corruptions.RandomAffine",
        "likelihood": "likelihoods.Laplace",
    },
    "models.DenseAutoencoder": {"latent_dim": 3, "hidden": [8], "preprocess": {"centre": "preprocessing.Centre"}},
    "models.NeighbourAutoencoder": {
        "latent_dim": 3,
        "hidden": [8],
        "preprocess": {"standardise": "preprocessing.Standardise"},
        "nearest": 3,
        "residual_weight": 0.5,
        "kept": 20,
    },
    "models.ProductQuantiser": {
        "groups": 2,
        "codes": 4,
        "preprocess": {"length": "preprocessing.NormaliseLength"},
        "terms": {"neighbours": "objectives.KeepNeighbours"},
    },
    "models.VAE": {"latent_dim": 3, "hidden": [8, 6], "skip": True, "terms": {"cosines": "objectives.KeepCosines"}},
}
# Which argument of the hosting model takes a part of a kind, and how.
PLACE = {
    "bottlenecks": lambda part: {"bottleneck": part},
    "corruptions": lambda part: {"corruption": part},
    "likelihoods": lambda part: {"likelihood": part},
    "networks": lambda part: {"decoder" if part.needs_target else "encoder": part},
    "objectives": lambda part: {"terms": {"term": part}},
    "preprocessing": lambda part: {"preprocess": {"first": part}},
}
# What a part wants to be hosted on, if not on vectors.
ROWS_OF = {
    "corruptions.RandomAffine": "images",
    "corruptions.ShiftAndCrop": "images",
    "likelihoods.Bernoulli": "images",
    "likelihoods.Multinomial": "baskets",
    "likelihoods.Product": "records",
    "networks.EmbeddingBag": "baskets",
    "networks.FieldEncoders": "records",
    "networks.LetterEncoders": "letters",
    "networks.PatchCodes": "images",
    "networks.ResidualDecoder": "images",
    "networks.ResidualEncoder": "images",
    "models.ConvAutoencoder": "images",
}
AS_WIDE = {"likelihoods.NormalAround"}  # takes features of the rows' width
WITHOUT_LAYERS = {"models.ProductQuantiser"}  # nothing that could compute in a shorter type
WHOLE = {"likelihoods.Categorical"}  # takes whole numbers
# What sees more of a batch than its rows one by one, or learns from it besides the gradient. Over several replicas each
# is held against one process that has the whole batch, in tests/train/test_replicated_parts.py.
SEES_THE_BATCH = {
    "bottlenecks.Gaussian",
    "bottlenecks.GaussianMixture",
    "bottlenecks.TopK",
    "bottlenecks.VectorQuantised",
    "corruptions.SwapNoise",
    "networks.ResidualDecoder",
    "networks.ResidualEncoder",
    "objectives.AgreeAcrossViews",
    "objectives.KeepCosines",
    "objectives.KeepNeighbours",
    "objectives.NeighbourPreserving",
}
WIDTH, IMAGE, COLUMNS = 6, (9, 7, 2), 9
ALONE = 4  # rows that are also encoded one at a time


def cls(part):
    kind, name = part.split(".")
    return getattr(importlib.import_module(f"zoo.{kind}"), name)


def make(part):
    def made(value):
        if isinstance(value, str) and value in EXAMPLES:
            return make(value)
        named = isinstance(value, dict) and all(isinstance(each, str) for each in value.values())
        return {name: made(each) for name, each in value.items()} if named else value

    return cls(part)(**{name: made(value) for name, value in EXAMPLES[part].items()})


def table(part):
    """Some rows for a part: an array, or a CSR array."""
    random = np.random.default_rng(0)
    kind = ROWS_OF.get(part, "vectors")
    if kind == "images":
        return random.integers(0, 256, size=(12, *IMAGE)).astype(np.float32)
    if kind == "baskets":
        counts = random.poisson(0.4, size=(24, COLUMNS)).astype(np.float32)
        counts[:, 0] += 1
        return csr_array(counts)
    if kind == "records":
        return csr_array(np.hstack([np.eye(4)[random.integers(4, size=24)], np.eye(5)[random.integers(5, size=24)]]))
    if kind == "letters":
        places = [np.eye(128)[random.integers(80, size=24)] for _ in range(2)]
        return csr_array(np.hstack([*places, np.eye(5)[random.integers(5, size=24)]]))
    rows = random.normal(size=(24, WIDTH)) * np.linspace(3, 0.5, WIDTH) + 2
    return np.round(rows).clip(0, 8).astype(np.float32) if part in WHOLE else rows.astype(np.float32)


def host(part):
    """A model with the part in it."""
    if part in MODELS:
        return make(part)
    kind = ROWS_OF.get(part, "vectors")
    around = {
        "vectors": lambda: {"encoder": MLP([5]), "likelihood": Normal()},
        "images": lambda: {
            "encoder": ResidualEncoder([4]),
            "likelihood": Normal(),
            "preprocess": {"rescale": Rescale()},
        },
        "baskets": lambda: {"encoder": EmbeddingBag(5), "likelihood": Multinomial()},
        "records": lambda: {"encoder": EmbeddingBag(5), "likelihood": Product({"a": 4, "b": 5})},
        "letters": lambda: {"encoder": EmbeddingBag(5), "likelihood": Product({"a": 256, "b": 5})},
    }[kind]()
    decoder = MLP([WIDTH if part in AS_WIDE else 5])
    parts = {"bottleneck": Linear(3), "decoder": decoder, **around, **PLACE[part.split(".")[0]](make(part))}
    return Autoencoder(**parts)


def given(rows):
    """Rows as the model takes them."""
    if isinstance(rows, np.ndarray):
        return rows
    return {name: tf.constant(array) for name, array in padded(rows).items()}


def kind_of(rows):
    if isinstance(rows, np.ndarray):
        return DenseRows("rows", rows.shape[1:])
    return SparseRows(rows.shape[1])


def ready(part, seed=0):
    rows = table(part)
    keras.utils.set_random_seed(seed)
    model = host(part)
    model.build((None, *rows.shape[1:]))
    model.adapt(lambda: [(rows, np.ones(rows.shape[0], np.float32))])
    model.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=True)
    return model, rows


def batch(model, rows):
    """What a training step of the model takes."""
    if model.view == "neighbour":
        return {"row": given(rows), "neighbour": given(rows[::-1])}
    return given(rows)


def dataset(model, rows):
    return tf.data.Dataset.from_tensors(batch(model, rows))


def sees_the_batch(model, rows, *, terms):
    """Whether what a row comes to in training hangs on other rows, or a step teaches something besides the gradient.

    The first half of the rows is tried without the other. It is given the noise that it has among all rows.
    """
    before, losses, learnt = state(model), [], False
    whole = batch(model, rows)
    for each in (whole, tf.nest.map_structure(lambda x: x[: rows.shape[0] // 2], whole)):
        outputs = model(each, training=True)
        added = sum(model._terms(outputs).values()) if terms else 0.0
        losses.append(np.asarray(outputs["distortion"] + outputs["cost"] + added))
        for variable, value in zip(model.variables, before, strict=True):
            is_noise = variable.name == "seed_generator_state"
            learnt = learnt or not (is_noise or np.array_equal(np.asarray(variable), value))
            variable.assign(value)
    return learnt or not np.allclose(losses[0][: len(losses[1])], losses[1], rtol=1e-5)


def state(model):
    return [np.asarray(variable).copy() for variable in model.variables]


def test_scanning_finds_the_parts_and_every_part_has_an_example():
    assert set(AT_LEAST) == set(KINDS)
    for kind, least in AT_LEAST.items():
        assert len([part for part in PARTS if part.startswith(f"{kind}.")]) >= least, kind
    missing = set(PARTS) - set(EXAMPLES)
    assert not missing, f"say in EXAMPLES how to make {sorted(missing)}"


@pytest.mark.parametrize("part", PARTS)
def test_configuration_makes_the_same_part_again(part):
    made = make(part)
    text = json.dumps(keras.saving.serialize_keras_object(made))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(again) is type(made)
    assert json.dumps(again.get_config()) == json.dumps(made.get_config())
    assert keras.saving.get_registered_name(type(made)) == f"zoo>{type(made).__name__}"
    for argument in arguments(type(made)):
        assert argument in made.get_config(), f"{part} does not keep its argument {argument}"
    for argument, value in EXAMPLES[part].items():
        parts = value.values() if isinstance(value, dict) else [value]
        if part in HOSTED and not any(isinstance(each, str) and each in EXAMPLES for each in parts):
            assert getattr(made, argument) == value
            assert getattr(again, argument) == value


@pytest.mark.parametrize("part", HOSTED)
def test_no_example_says_what_is_the_default_anyway(part):
    assert set(EXAMPLES[part]) >= {name for name in arguments(cls(part)) if name not in OPTIONAL.get(part, ())}
    for argument, parameter in inspect.signature(cls(part)).parameters.items():
        if argument in EXAMPLES[part]:
            assert EXAMPLES[part][argument] != parameter.default, f"{part}.{argument} is the default"


OPTIONAL = {}


@pytest.mark.parametrize("part", PARTS)
def test_every_part_is_told_what_the_table_is_and_what_it_was_given_stays(part, monkeypatch):
    rows = table(part)
    fields = {"a": ("w", "x", "y", "z"), "b": ("p", "q", "r", "s", "t")}
    schema = TableSchema(rows.shape[1:], not isinstance(rows, np.ndarray), fields)
    told = []
    monkeypatch.setattr(cls(part), "apply_schema", _recorded(cls(part).apply_schema, told))
    model = host(part)
    before = json.dumps(model.get_config())
    model.apply_schema(schema)
    assert json.dumps(model.get_config()) == before
    assert told
    assert all(given is schema for _, given in told)


def _recorded(apply_schema, told):
    def record(part, schema):
        told.append((part, schema))
        apply_schema(part, schema)

    return record


def test_the_fields_of_records_come_from_the_table_and_go_into_the_configuration():
    product = Product()
    product.apply_schema(TableSchema((9,), is_sparse=True, categories={"a": ("x", "y"), "b": ("p", "q", "r")}))
    assert product.get_config()["fields"] == {"a": 2, "b": 3}


@pytest.mark.parametrize("part", PARTS)
def test_docstrings_say_what_goes_in_and_out(part):
    documentation = inspect.getdoc(cls(part))
    named = [name for name in arguments(cls(part)) if f"{name}:" not in documentation]
    assert not named, f"{part} does not document {named}"
    module = inspect.getsource(inspect.getmodule(cls(part)))
    assert "[batch" in module, f"{part} gives no shapes"


@pytest.mark.parametrize("part", PARTS)
def test_training_moves_the_weights_and_evaluation_moves_nothing(part):
    model, rows = ready(part)
    if sees_the_batch(model, rows, terms=part in HOSTED):
        assert part in SEES_THE_BATCH, "say so, that it be tried on several replicas"
    before = [np.asarray(each).copy() for each in model.trainable_variables]
    for _ in range(2):
        assert np.isfinite(model.train_on_batch(batch(model, rows), return_dict=True)["loss"])
    still = [
        weight.path
        for weight, value in zip(model.trainable_variables, before, strict=True)
        if np.array_equal(np.asarray(weight), value)
    ]
    assert not still, f"not trained: {still}"
    whole = state(model)
    losses = [model.evaluate(dataset(model, rows), verbose=0, return_dict=True) for _ in range(2)]
    assert losses[0] == losses[1]
    for was, now in zip(whole, state(model), strict=True):
        np.testing.assert_array_equal(now, was)


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_a_model_with_the_part_is_saved_loaded_and_exported_with_equal_values(part, tmp_path):
    model, rows = ready(part)
    model.train_on_batch(batch(model, rows))
    model.save(tmp_path / "model.keras")
    again = Autoencoder.load(tmp_path / "model.keras")
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())  # lists for tuples
    for method in ("encode", "reconstruct", "score"):
        value = np.asarray(getattr(model, method)(given(rows)))
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(getattr(again, method)(given(rows)), value)
    write_saved_model(tmp_path / "saved", model, kind_of(rows))
    exported = Encoder.from_saved_model(tmp_path / "saved")
    encoder = Encoder.from_model("in memory", model, kind=kind_of(rows))
    for method in ("encode", "reconstruct", "score", "assign_probabilities"):
        for some in (rows, rows[:1]):
            expected = getattr(encoder, method)(some)
            got = getattr(exported, method)(some)
            assert (got is None) == (expected is None)
            if got is not None:
                np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
    codes = encoder.encode(rows)
    np.testing.assert_allclose(exported.decode(codes), encoder.decode(codes), rtol=1e-5, atol=1e-5)
    assert model.is_generative == encoder.has("sample") == exported.has("sample")
    if encoder.has("sample"):
        drawn = encoder.sample(3, seed=1)
        assert drawn.shape == (3, *rows.shape[1:])
        np.testing.assert_allclose(exported.sample(3, seed=1), drawn, rtol=1e-4, atol=1e-4)
        assert np.abs(encoder.sample(3, seed=2) - drawn).max() > 1e-4


@pytest.mark.parametrize("part", PARTS)
def test_a_row_is_encoded_alike_alone_among_others_and_in_any_number_type(part):
    model, rows = ready(part)
    codes = np.asarray(model.encode(given(rows)))
    alone = np.concatenate([model.encode(given(rows[i : i + 1])) for i in range(ALONE)])
    np.testing.assert_allclose(alone, codes[:ALONE], atol=1e-5)
    np.testing.assert_array_equal(model.encode(given(rows)), codes)
    assert np.isfinite(model.train_on_batch(batch(model, rows[:1]), return_dict=True)["loss"])
    encoder = Encoder.from_model("encoder", model, kind=kind_of(rows))
    whole = encoder.encode(rows.astype(np.int64))
    np.testing.assert_allclose(encoder.encode(rows.astype(np.int64).astype(np.float64)), whole, atol=1e-6)


@pytest.mark.parametrize("part", PARTS)
def test_rows_of_another_rank_or_width_are_refused(part):
    model, rows = ready(part)
    if not isinstance(rows, np.ndarray):
        with pytest.raises(ValueError, match="takes sparse rows"):
            model.encode(np.zeros((2, COLUMNS), np.float32))
        with pytest.raises(ValueError, match=rf"takes sparse rows \[n, {rows.shape[1]}\]"):
            Encoder.from_model("e", model).encode(csr_array((2, COLUMNS + 1)))
        return
    for shape in ((2, *rows.shape[1:-1], rows.shape[-1] + 1), (2, 2, *rows.shape[1:]), rows.shape[1:]):
        with pytest.raises(ValueError, match=r"takes rows \[n, "):
            model.encode(np.zeros(shape, np.float32))


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
def test_the_same_seed_trains_alike_and_another_otherwise(part):
    codes = []
    for seed in (0, 0, 1):
        model, rows = ready(part, seed)
        model.train_on_batch(batch(model, rows))
        codes.append(np.asarray(model.encode(given(rows))))
    np.testing.assert_allclose(codes[1], codes[0], atol=1e-6)
    assert np.abs(codes[2] - codes[0]).max() > 1e-3


@pytest.mark.long
@pytest.mark.parametrize("part", PARTS)
def test_a_part_trains_in_mixed_precision(part):
    reference, rows = ready(part)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model, _ = ready(part)
        model.set_weights(reference.get_weights())
        computing = {layer.compute_dtype for layer in model._flatten_layers() if isinstance(layer, keras.layers.Dense)}
        assert "bfloat16" in computing or part in WITHOUT_LAYERS
        codes, expected = np.asarray(model.encode(given(rows))), np.asarray(reference.encode(given(rows)))
        assert codes.dtype == np.float32
        assert np.mean(np.abs(codes - expected)) < 0.05 * np.abs(expected).max()
        assert np.isfinite(model.train_on_batch(batch(model, rows), return_dict=True)["loss"])
    finally:
        keras.config.set_dtype_policy(before)
