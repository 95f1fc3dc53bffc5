"""Every recipe that scanning finds, at work on a few rows of its own kind: what its parts promise, together.

That recipes win on their real data is what their headers report; here they are composed, built, trained for one step by
their own trainer, judged, saved and exported.
"""

import contextlib
import dataclasses
import json
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
import yaml
from scipy.sparse import csr_array

from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.encoder import Encoder  # noqa: E402
from zoo.evaluate.gates import decide  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.models.autoencoder import Autoencoder  # noqa: E402
from zoo.recipe import compose, list_recipes  # noqa: E402
from zoo.rows import DenseField, ItemRows, MixedRows, RecordRows, TypedRecordRows  # noqa: E402
from zoo.rows.typed_field import DATE_COLUMNS, TypedField  # noqa: E402
from zoo.stages.fields import fields_report, require_fields  # noqa: E402
from zoo.stages.judging import weighed  # noqa: E402
from zoo.stages.model import built_model  # noqa: E402
from zoo.stages.preflight import hopeless_gates  # noqa: E402
from zoo.stages.training import Models  # noqa: E402
from zoo.types import MISSING, OTHER, Splits  # noqa: E402

pytestmark = pytest.mark.slow
RECIPES = sorted(list_recipes())
SMALL = ["train.epochs=1", "train.batch_size=16", "train.steps_per_epoch=1", "train.folds=0", "judge.resamples=20"]
ROWS = 48


def images(height, width, channels):
    return lambda random: {"features": random.integers(0, 256, size=(ROWS, height, width, channels), dtype=np.uint8)}


def vectors(random):
    return {"features": random.normal(size=(ROWS, 60)).astype(np.float32)}


def words(random):
    return vectors(random) | {"keys": np.asarray([f"word {i}" for i in range(ROWS)], object)}


def records(random):
    fields = {"name": (MISSING, OTHER, *(f"n{i}" for i in range(60))), "town": (MISSING, OTHER, "a", "b")}
    chosen = [np.eye(len(names), dtype=np.float32)[random.integers(len(names), size=ROWS)] for names in fields.values()]
    return {"features": csr_array(np.hstack(chosen)), "kind": RecordRows(fields), "groups": np.arange(ROWS)}


def typed_records(random):
    letters = np.asarray(list("abcdefgh "))
    cells = {name: ["".join(random.choice(letters, 9)) for _ in range(ROWS)] for name in ("name", "street")}
    raw = pa.table(cells | {"born": [f"19{year}-01-13" for year in random.integers(10, 99, ROWS)]})
    texts = {name: TypedField("text", 512, 3.0) for name in cells}
    kind = TypedRecordRows(texts | {"born": TypedField("date", DATE_COLUMNS, 4.0)})
    return {"features": kind.read(raw), "kind": kind, "raw": raw, "groups": np.arange(ROWS)}


def mixed(random):
    numbers, names = TypedField("number", 1), TypedField("category", 4, 1.0, (OTHER, "a", "b", "c"))
    fields = {name: DenseField(numbers, (0.5, 0.1), (0.3, 0.3), has_gaps=True) for name in "pqrstuvwxy"}
    kind = MixedRows(fields | {"plan": DenseField(names, (0.3,) * 3, (0.5,) * 3, shown=("A", "b", "c"))})
    cells = {name: np.where(random.random(ROWS) < 0.1, "", random.random(ROWS).astype(str)) for name in fields}
    raw = pa.table(cells | {"plan": random.choice(["A", "b", "c"], ROWS)})
    return {"features": kind.read(raw), "kind": kind, "raw": raw}


def baskets(random):
    counts = random.poisson(0.1, size=(ROWS, 80)).astype(np.float32)
    counts[:, 0] += 1
    return {"features": csr_array(counts), "kind": ItemRows([f"item {i}" for i in range(80)])}


KINDS = {
    "Digits": images(8, 8, 1),
    "TfdsImages": images(12, 12, 1),
    "ImageFolder": images(12, 12, 3),
    "Vectors": vectors,
    "WordVectors": words,
    "CategoricalTable": records,
    "Baskets": baskets,
    "Records": typed_records,
    "MixedTable": mixed,
}


def rows_for(recipe):
    """A table as the recipe's source would make it, of a few random rows."""
    source = recipe.config["data"]
    while "data" in source:  # a source around another
        source = source["data"]
    made = KINDS[source["_target_"].rpartition(".")[2]](np.random.default_rng(0))
    order = np.arange(ROWS)
    splits = Splits(**made, train=order[:24], validation=order[24:32], test=order[32:], labels=order % 2)
    return dataclasses.replace(splits, features=binary(splits.features)) if source.get("binarise") else splits


def without_umap(name):
    """Overrides that leave out the baseline which compiles itself for half a minute; it has tests of its own."""
    config = compose(name).config
    if "umap" not in config["baselines"]:
        return []
    beaten = {gate: [each for each in said["beats"] if each != "umap"] for gate, said in config["gates"].items()}
    return ["~baselines.umap", *(f"gates.{gate}.beats=[{','.join(names)}]" for gate, names in beaten.items())]


def binary(features):
    return 255 * (features > 127).astype(np.uint8)


def parts_of(name):
    """The classes that a recipe's model is made of."""
    found, waiting = set(), [compose(name).config["model"]]
    while waiting:
        each = waiting.pop()
        found |= {each["_target_"]} if "_target_" in each else set()
        waiting += [value for value in each.values() if isinstance(value, dict)]
    return frozenset(found)


@cache
def compiled():
    """Of recipes of the same parts one: compiling takes most of a test's time, and tells nothing new of the others."""
    return set({parts_of(name): name for name in RECIPES}.values())


# Those that are nearly another one (`conv_cifar10`, `conv_digits`, `records_table`, `dense_papers`, `vae_word2vec`), or
# whose own part `test_parts.py` trains and exports, as well.
NEARLY = {"conv_folder", "conv_mnist", "sparse_mnist", "anomaly_mnist", "records_reconstruction"}
NEARLY |= {"denoising_mnist", "vq_mnist", "vae_mnist", "mixture_papers", "neighbours_papers", "dense_word2vec"}
# The others; named, since every process that runs tests would compose all recipes to find them.
TRIED = {
    "anomaly_table",
    "dense_papers",
    "dense_vectors",
    "records_table",
    "sentences",
    "sentences_bytes",
    "softmax_baskets",
    "softmax_onehot",
    "table",
    "vae_word2vec",
}
SHORT = [name if name in TRIED else pytest.param(name, marks=pytest.mark.long) for name in RECIPES]


@contextlib.contextmanager
def run_eagerly(is_eager):
    tf.config.run_functions_eagerly(is_eager)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def test_scanning_finds_the_recipes():
    assert len(RECIPES) >= 18
    assert len(compiled()) >= 14
    assert compiled() - NEARLY == TRIED


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_reads_back_as_it_was_composed(name, tmp_path):
    recipe = compose(name)
    path = tmp_path / f"{name}.yaml"
    path.write_text(recipe.yaml(), encoding="utf-8")
    assert compose(str(path)).config == recipe.config
    assert yaml.safe_load(recipe.yaml())["name"] == name


@pytest.mark.parametrize("name", SHORT)
def test_a_recipe_trains_is_judged_saved_and_exported_with_equal_values(name, tmp_path):
    few = ["metrics.nll.samples=2"] if "nll" in compose(name).config["metrics"] else []
    if "zoo.networks.FieldEncoders" in parts_of(name):
        few.append("model.encoder.steps=3")
    if compose(name).config["model"].get("false_alarm_rate"):
        few.append("model.false_alarm_rate=0.2")  # 8 rows to validate are enough for that
    if "zoo.networks.FieldEncoders" in parts_of(name):
        few.append("judge.fields=[street]")
    recipe = compose(name, SMALL + few + without_umap(name))
    splits = rows_for(recipe)
    require_fields(recipe.config["judge"]["fields"] or [], splits)
    built = built_model(recipe, splits, note=print)
    with run_eagerly(name not in compiled()):
        trained = recipe.build("train").fit(built, splits, seed=0, state=tmp_path / "state.npz")
    model = trained.model
    assert np.isfinite(trained.history[-1]["loss"])

    report, evidence = weighed(recipe, Models((trained,), ()), splits)
    if "zoo.likelihoods.Product" in parts_of(name):
        found = fields_report(recipe, evidence)
        together = sum(each.filled * each.distortion for each in found.fields)
        whole = evidence.representations["encoder"].score(splits.test).mean()
        if splits.kind.blocks:
            assert together == pytest.approx(whole, rel=1e-4)
        else:  # that a category is missing counts in the score, and is no cell that is filled in
            assert 0 < together < whole
        assert all(each.free > 0 for each in found.fields)
        assert bool(found.metric) == bool(built.places)
        assert ("fields:street" in report.scores) == bool(built.places)
    verdict = decide(report, recipe.build("gates") or {}, "encoder", None)
    assert {result.gate for result in verdict.gates} == set(recipe.config["gates"])

    kind = splits.kind.plain()
    encoder = Encoder.from_model(name, model, kind=kind)
    rows = splits.take(splits.test)
    codes = encoder.encode(rows)
    assert codes.shape == (len(splits.test), model.latent_dim)
    assert codes.dtype == (np.uint8 if model.gives_bytes else np.float32)
    np.testing.assert_allclose(encoder.encode(rows[:1]), codes[:1], atol=1e-4)
    assert np.abs(codes - Encoder.from_model(name, trained.untrained, kind=kind).encode(rows)).max() > 0

    model.save(tmp_path / "model.keras")
    again = Autoencoder.load(tmp_path / "model.keras")
    assert json.dumps(again.get_config()) == json.dumps(model.get_config())
    np.testing.assert_array_equal(Encoder.from_model(name, again, kind=kind).encode(rows), codes)

    write_saved_model(tmp_path / "saved", model, kind)
    exported = Encoder.from_saved_model(tmp_path / "saved")
    np.testing.assert_allclose(exported.encode(rows), codes, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(exported.score(rows), encoder.score(rows), rtol=1e-4, atol=1e-3)


def test_gates_that_nothing_can_pass_without_labels_are_pointed_out():
    recipe = compose("softmax_onehot")
    splits = rows_for(recipe)
    unlabelled = dataclasses.replace(splits, labels=None)
    assert not hopeless_gates(recipe, splits)
    said = hopeless_gates(recipe, unlabelled)
    assert "no labels, and match_at_1, recall_at_10 needs them: the gates nearest, matches, nearest_kept" in said
    raw = recipe.build("baselines")["raw"].fit("raw", splits, None)
    for name in RECIPES:
        for metric in compose(name).build("metrics").values():
            if getattr(metric, "needs_labels", False):
                assert metric.values(raw, unlabelled) is None
