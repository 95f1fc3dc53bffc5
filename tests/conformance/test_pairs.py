"""Every kind of row with every feature of a run, in one table.

`+` in the table is the feature's function below, run on a real encoder of that kind; a word is the reason why the two
do not go together, and the refusal is tried. Of each kind one encoder is exported (`first`), one is interrupted, taken
up again and compared with it (`again`), and one has folds and seeds and is not blessed (`folded`). One server serves
the first of every kind.
"""

import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image
from scipy import sparse

import zoo
from serving import EmbeddingClient
from zoo.errors import InputError
from zoo.quiet import import_tensorflow
from zoo.tables.long_form import LongForm
from zoo.tables.options import Options

import_tensorflow()

from zoo.stages.page import PageFiles  # noqa: E402
from zoo.train.checkpoint import Checkpoint  # noqa: E402

pytestmark = pytest.mark.slow

TABLE = """
                 folds  one-class  champion  gates  counts  int8  onnx     bulk  served  resumed  seeds  page
vectors          +      +          +         +      none    +     +        +     +       +        +      +
named-columns    +      +          +         +      none    +     +        +     +       +        +      +
images           +      +          +         +      none    +     +        +     +       +        +      +
sparse           +      +          +         +      +       +     +        +     +       +        +      +
values           +      +          +         +      +       +     strings  +     +       +        +      +
baskets          +      classless  +         +      +       +     strings  +     +       +        +      +
records          +      +          +         +      none    +     strings  +     +       +        +      +
typed-records    +      classless  +         +      none    +     strings  +     +       +        +      +
mixed            +      +          +         +      none    +     strings  +     +       +        +      +
"""

# What an option of `train` and `export` is about: a feature of the table, or nothing that a kind of row could change.
SAME = "the same for every kind of row"
OPTIONS = {
    "train": {
        "folds": "folds",
        "seeds": "seeds",
        "epochs": "resumed",
        "precision": SAME,
        "jit_compile": SAME,
        "keep": SAME,
    }
    | dict.fromkeys(["batch_size", "steps_per_epoch", "learning_rate", "schedule", "warmup_epochs"], SAME)
    | dict.fromkeys(["weight_decay", "patience", "plateau_patience", "plateau_factor", "clip_norm"], SAME)
    | {"steps_per_execution": SAME, "strategy": SAME},
    "export": {
        "store": "gates",
        "tolerance": "served",
        "output": "int8",
        "precision": "int8",
        "onnx": "onnx",
        "keep": "gates",
    },
}

LONG = {"named-columns", "sparse", "values", "records", "mixed"}  # each is nearly another kind, which `make test` tries
ROWS, LATENT = 200, 2
ODD = np.arange(ROWS) % 6 == 0
DENSE = {"_target_": "zoo.models.DenseAutoencoder", "latent_dim": LATENT, "hidden": [4]}
OVERLAP = {"_target_": "zoo.metrics.NeighbourOverlap", "k": 5}
COMPLETION = {"_target_": "zoo.metrics.BasketCompletion", "k": 3, "at": 3}
CONV = {"_target_": "zoo.models.ConvAutoencoder", "latent_dim": LATENT, "widths": [4]}


def bag(likelihood):
    return {
        "_target_": "zoo.models.Autoencoder",
        "encoder": {"_target_": "zoo.networks.EmbeddingBag", "units": 4, "combiner": "sqrtn"},
        "bottleneck": {"_target_": "zoo.bottlenecks.Linear", "latent_dim": LATENT},
        "decoder": {"_target_": "zoo.networks.MLP", "hidden": [4]},
        "likelihood": {"_target_": f"zoo.likelihoods.{likelihood}"},
    }


@dataclass
class Kind:
    """What is run for a kind of row: a source, and the same rows as a user has them."""

    model: dict[str, Any]
    source: dict[str, Any]
    rows: Any
    bulk: Path
    metric: dict[str, Any]
    text: Options | None = None  # how the file for bulk encoding is read
    normal: str = "0"
    counted: tuple[Any, Any] | None = None  # a few rows with an item three times, said in two ways


def vectors(folder, rng):
    features = rng.normal(size=(ROWS, 4)).astype(np.float32)
    np.savez(folder / "vectors.npz", X=features, y=ODD.astype(int))
    np.save(folder / "rows.npy", features)
    return Kind(
        DENSE,
        {"_target_": "zoo.data.Vectors", "path": str(folder / "vectors.npz")},
        features,
        folder / "rows.npy",
        OVERLAP,
    )


def named_columns(folder, rng):
    frame = pd.DataFrame(rng.normal(size=(ROWS, 3)), columns=["rooms", "year built", "area"])
    frame.assign(odd=ODD.astype(int)).to_csv(folder / "houses.csv", index=False)
    frame[["area", "rooms", "year built"]].to_csv(folder / "shuffled.csv", index=False)
    source = {"_target_": "zoo.data.Vectors", "path": str(folder / "houses.csv"), "label_column": "odd"}
    return Kind(DENSE, source, frame, folder / "shuffled.csv", OVERLAP)


def images(folder, rng):
    pixels = rng.integers(0, 256, (ROWS, 4, 4, 1), dtype=np.uint8)
    for row in range(ROWS):
        path = folder / "images" / ("odd" if ODD[row] else "even") / f"{row:03}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels[row, :, :, 0]).save(path)
    np.save(folder / "pixels.npy", pixels)
    source = {"_target_": "zoo.data.ImageFolder", "path": str(folder / "images"), "channels": 1}
    return Kind(CONV, source, pixels, folder / "pixels.npy", OVERLAP, normal="even")


def matrix_of(folder, rng):
    found = sparse.random_array((ROWS, 9), density=0.4, rng=rng, format="lil", dtype=np.float32)
    found[:, [0]] = 0.3  # so that no row is empty
    sparse.save_npz(folder / "terms.npz", sparse.csr_array(found))
    np.save(folder / "labels.npy", ODD.astype(int))
    source = {
        "_target_": "zoo.data.SparseMatrix",
        "path": str(folder / "terms.npz"),
        "labels": str(folder / "labels.npy"),
    }
    return sparse.csr_array(found), source


def sparse_(folder, rng):
    rows, source = matrix_of(folder, rng)
    once = {"indices": np.int32([[3, -1], [1, 2]]), "values": np.float32([[3, 0], [2, 1]])}
    thrice = {"indices": np.int32([[3, 3, 3], [1, 2, 1]]), "values": np.ones((2, 3), np.float32)}
    return Kind(bag("Multinomial"), source, rows, folder / "terms.npz", COMPLETION, counted=(once, thrice))


def values(folder, rng):
    matrix, source = matrix_of(folder, rng)
    (folder / "terms.txt").write_text("\n".join(f"term {i}" for i in range(9)))
    rows = [{f"term {c}": float(v) for c, v in zip(r.indices, r.data, strict=True)} for r in matrix]
    lists = {"items": [list(row) for row in rows], "values": [list(row.values()) for row in rows]}
    pd.DataFrame(lists).to_parquet(folder / "terms.parquet")
    counted = ([{"term 3": 3}, {"term 1": 2, "term 2": 1}], [["term 3"] * 3, ["term 1", "term 2", " term 1"]])
    source |= {"names": str(folder / "terms.txt")}
    return Kind(bag("Multinomial"), source, rows, folder / "terms.parquet", COMPLETION, counted=counted)


def baskets(folder, rng):
    counts = rng.integers(1, 4, (ROWS, 4)) * (rng.random((ROWS, 4)) < 0.6)
    counts[:, 0] = 1
    counts[0] = [1, 3, 0, 0]
    items = ["tea", "milk", "rye", "oats"]
    long = [(f"b{b}", item, n) for b in range(ROWS) for item, n in zip(items, counts[b], strict=True) if n]
    pd.DataFrame(long, columns=["order", "product", "quantity"]).to_csv(folder / "orders.csv", index=False)
    rows = [np.repeat(items, counts[b]).tolist() for b in range(ROWS)]
    form = Options(form=LongForm("order", "product", "quantity"), prefix="")
    counted = (sparse.csr_array(np.float32([[1, 0, 3, 0]])), None)  # the other is found by the order of the items
    file = folder / "orders.csv"
    source = {"_target_": "zoo.data.Baskets", "path": str(file)}
    return Kind(bag("Multinomial"), source, rows, file, COMPLETION, text=form, counted=counted)


def records(folder, rng):
    frame = pd.DataFrame({"colour": rng.choice(["red", "Ä b", "?"], ROWS), "n": rng.integers(0, 9, ROWS)})
    frame.assign(odd=ODD.astype(int)).to_csv(folder / "records.csv", index=False)
    source = {"_target_": "zoo.data.CategoricalTable", "path": str(folder / "records.csv"), "label_column": "odd"}
    return Kind(bag("Product"), source, frame, folder / "records.csv", {"_target_": "zoo.metrics.FieldCompletion"})


def typed_records(folder, rng):
    letters = np.asarray(list("abcde\u00e7 "))
    frame = pd.DataFrame({"name": ["".join(rng.choice(letters, 8)) for _ in range(ROWS)], "aside": "x"})
    frame.to_csv(folder / "typed.csv", index=False)
    source = {"_target_": "zoo.data.Records", "path": str(folder / "typed.csv"), "columns": ["name"]}
    source |= {"buckets": 64}
    agree = {"_target_": "zoo.objectives.AgreeAcrossViews", "of": "copy"}
    model = bag("Product") | {
        "encoder": {"_target_": "zoo.networks.FieldEncoders", "units": LATENT, "steps": 20},
        "bottleneck": {"_target_": "zoo.bottlenecks.Identity", "latent_dim": LATENT},
        "terms": {"agree": agree},
    }
    return Kind(model, source, frame, folder / "typed.csv", {"_target_": "zoo.metrics.CopyRecall"})


def mixed(folder, rng):
    frame = pd.DataFrame({"age": rng.normal(size=ROWS), "plan": rng.choice(["free", "Pro"], ROWS)})
    frame.loc[rng.random(ROWS) < 0.2, "age"] = None
    frame.assign(odd=ODD.astype(int)).to_csv(folder / "mixed.csv", index=False)
    source = {"_target_": "zoo.data.MixedTable", "path": str(folder / "mixed.csv"), "label_column": "odd"}
    return Kind(DENSE, source, frame, folder / "mixed.csv", OVERLAP)


KINDS: dict[str, Callable[[Path, Any], Kind]] = {
    each.__name__.rstrip("_").replace("_", "-"): each
    for each in (vectors, named_columns, images, sparse_, values, baskets, records, typed_records, mixed)
}


class Runs:
    """The runs of a kind, each when it is first asked for."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        (folder / name).mkdir()
        self.kind = KINDS[name](folder / name, np.random.default_rng(0))

    @contextmanager
    def there(self):
        with pytest.MonkeyPatch.context() as patched:
            patched.chdir(self.folder)
            patched.delenv("MLFLOW_TRACKING_URI", raising=False)
            yield patched

    def recipe(self, **sections):
        """The path of a recipe for the kind."""
        known = {
            "name": self.name,
            "purpose": "a pair",
            "data": self.kind.source,
            "model": self.kind.model,
            "train": {"epochs": 2, "batch_size": 32, "steps_per_epoch": 2, "keep": "last"},
            "baselines": {},
            "metrics": {"own": self.kind.metric},
            "judge": {"resamples": 50},
            "gates": {"easy": {"metric": "own", "at_least": -1}},
        }
        path = self.folder / self.name / "recipe.yaml"
        path.write_text(json.dumps({**known, **sections}))
        return str(path)

    def run(self, **sections):
        """Runs the recipe; only for `first` a page is drawn, and nothing is rehearsed: that would take most time."""
        with self.there() as patched:
            patched.setattr("zoo.pipeline.rehearse", lambda *_: None)
            if "gates" in sections:
                patched.setattr("zoo.pipeline.drawn_page", lambda *_, **__: PageFiles())
            return zoo.run(self.recipe(**sections), quiet=True)

    @cached_property
    def splits(self):
        """The table that `first` is trained on."""
        with self.there():
            return self.source()

    def source(self, **sections):
        from zoo.recipe import compose

        return compose(self.recipe(**sections), ()).build("data").load()

    @cached_property
    def has_onnx(self):
        return cell(self.name, "onnx") == "+"

    @cached_property
    def first(self):
        return self.run(export={"output": "int8", "onnx": self.has_onnx})

    @property
    def directory(self):
        """Of the first in the store."""
        return self.folder / self.first.directory

    @cached_property
    def again(self):
        """The id of the run that was interrupted after an epoch, the epochs that were run, and what it came to."""
        before, saves, epochs = self.first, Checkpoint.on_epoch_end, []

        def stops(self, epoch, logs=None):
            saves(self, epoch, logs)
            epochs.append(epoch)
            if epochs == [0]:
                raise KeyboardInterrupt

        hard = {"hard": {"metric": "own", "at_least": 2}}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Checkpoint, "on_epoch_end", stops)
            with pytest.raises(KeyboardInterrupt):
                self.run(gates=hard)
            (state,) = (self.folder / "mlruns" / "checkpoints").glob("*/run_id")
            run_id = state.read_text()
            return run_id, epochs, before, self.run(gates=hard)

    @cached_property
    def folded(self):
        """A run in two folds and with two seeds: of one class where there are classes.

        Its five trainings are of so few steps that compiling them would take most of the time.
        """
        tensorflow = import_tensorflow()
        tensorflow.config.run_functions_eagerly(True)
        try:
            return self.run_folded()
        finally:
            tensorflow.config.run_functions_eagerly(False)

    def run_folded(self):
        train = {"epochs": 1, "batch_size": 32, "steps_per_epoch": 2, "folds": 2, "seeds": 2}
        hard = {"hard": {"metric": "own", "at_least": 2}}
        if cell(self.name, "one-class") != "+":
            return self.run(train=train, gates=hard, name=f"{self.name}-folded")
        metrics = {
            "own": self.kind.metric,
            "auroc": {"_target_": "zoo.metrics.AnomalyAuroc"},
        }
        gates = hard | {"odd": {"metric": "auroc", "at_least": -9}}  # of two seeds on few rows, it is wide
        return self.run(data=self.one_class, train=train, metrics=metrics, gates=gates, name=f"{self.name}-folded")

    @property
    def tracked(self):
        """What is logged of `folded`, and of its child runs."""
        import mlflow

        run_id = self.folded.run_id
        client = mlflow.MlflowClient(f"sqlite:///{self.folder}/mlruns/mlflow.db")
        run = client.get_run(run_id)
        return run, client.search_runs([run.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")

    @property
    def one_class(self):
        return {"_target_": "zoo.data.OneClass", "data": self.kind.source, "normal": [self.kind.normal]}


def cells():
    head, *lines = (line.split() for line in TABLE.strip().splitlines())
    return {name: dict(zip(head, told, strict=True)) for name, *told in lines}


def cell(kind, feature):
    return cells()[kind][feature]


def folds(runs, _):
    """Each fold is a run of its own, and none trains on rows that are for judging only."""
    from zoo.train.folds import folds as dealt

    run, children = runs.tracked
    children = [child for child in children if "zoo.fold" in child.data.tags]
    assert {child.data.tags["zoo.fold"] for child in children} == {"1", "2"}
    metric = "own" if cell(runs.name, "one-class") != "+" else "auroc"
    assert all(np.isfinite(child.data.metrics[f"encoder.{metric}"]) for child in children)
    assert np.isfinite(run.data.metrics[f"folds.encoder.{metric}.mean"])
    with runs.there():
        splits = runs.splits if metric == "own" else runs.source(data=runs.one_class)
    for fold in dealt(splits, 2, 0):
        seen = np.concatenate([fold.train, fold.validation])
        assert not np.isin(seen, fold.test).any()
        assert splits.judged_only is None or not np.isin(seen, splits.judged_only).any()


def one_class(runs, _):
    """Only rows of the one class are trained on, and how well the others are told from them is judged."""
    with runs.there():
        splits = runs.source(data=runs.one_class)
    seen = np.concatenate([splits.train, splits.validation])
    assert set(splits.labels[seen].tolist()) == {0}
    assert set(splits.judged_only.tolist()) == set(np.flatnonzero(splits.labels == 1).tolist())
    assert np.count_nonzero(splits.labels == 1) == ODD.sum()
    (odd,) = [gate for gate in runs.folded.verdict.gates if gate.gate == "odd"]
    assert odd.passed
    assert 0 <= odd.encoder.value <= 1


def champion(runs, _):
    """The next encoder is compared with the one that is there, which scores as it did by itself."""
    first, again = runs.first, runs.again[-1]
    assert first.promoted
    assert first.verdict.champion is None
    assert again.verdict.champion == "champion"
    own, others = first.report.scores["encoder"]["own"], again.report.scores["champion"]["own"]
    assert others.value == pytest.approx(own.value, abs=1e-6)


def gates(runs, _):
    """An encoder that passes is registered and exported; one that fails a gate is not, and it is said why."""
    assert runs.first.verdict.blessed
    assert runs.first.version == 1
    assert json.loads((runs.directory / "verdict.json").read_text())["blessed"] is True
    for failed in (runs.folded, runs.again[-1]):
        assert not failed.verdict.blessed
        assert failed.version is None
        assert failed.directory is None
        kept = failed.encoder.save(runs.folder / f"kept {failed.run_id}")
        assert json.loads((kept / "verdict.json").read_text())["blessed"] is False
        assert any("hard" in reason for reason in failed.verdict.reasons)
    store = runs.folder / "serving" / "store"
    assert [f"{path.parent.name}/{path.name}" for path in store.glob(f"{runs.name}*/[0-9]*")] == [f"{runs.name}/1"]


def counts(runs, server):
    """An item three times is one with a count of three: in memory, exported and served."""
    once, thrice = runs.kind.counted
    if thrice is None:  # by the numbers of the columns, and by their names
        items = runs.splits.categories["items"]
        thrice = [[items[0], *[items[2]] * 3]]
    exported = zoo.load(runs.directory)
    wanted = runs.first.encoder.encode(once)
    assert np.abs(wanted - runs.first.encoder.encode(_alone(thrice))).max() > runs.first.encoder.code_scale
    for rows in (once, thrice):
        for encoder in (runs.first.encoder, exported):
            np.testing.assert_allclose(encoder.encode(rows), wanted, atol=1e-6)
        if not isinstance(rows, sparse.sparray) or cell(runs.name, "onnx") == "+":
            np.testing.assert_allclose(server(runs, rows, "grpc"), wanted, atol=1e-6)


def _alone(rows):
    """Rows in which each item counts once."""
    if isinstance(rows, list):
        return [list(dict.fromkeys(item.strip() for item in row)) for row in rows]
    return {"indices": np.int32([[3, -1], [1, 2]]), "values": np.float32([[1, 0], [1, 1]])}


def int8(runs, _):
    """Codes are whole steps, and each is the nearest to that of the same encoder in float32."""
    rounded, exact = runs.first.encoder, runs.again[-1].encoder
    assert exact.code_scale is None
    got, wanted, step = rounded.encode(runs.kind.rows), exact.encode(runs.kind.rows), rounded.code_scale
    steps = got / step
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-3)
    assert np.abs(steps).max() <= 127 + 1e-3
    inside = np.abs(wanted) <= 127 * step
    assert inside.mean() > 0.9
    assert np.abs(got - wanted)[inside].max() <= step * 0.501
    assert len(np.unique(np.round(steps))) > 10


def onnx(runs, _):
    """ONNX Runtime gives the codes of the SavedModel."""
    import onnxruntime

    file = runs.directory / "assets.extra" / "encoder.onnx"
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    got = dict(zip(names, session.run(None, runs.first.encoder.kind.arrays(runs.kind.rows)), strict=True))
    wanted = zoo.load(runs.directory).encode(runs.kind.rows)
    np.testing.assert_allclose(got["embedding"] * got["scale"][:, None], wanted, atol=1.001 * float(got["scale"][0]))
    assert (got["embedding"] == np.round(wanted / got["scale"][:, None])).mean() > 0.99  # but for ties


def bulk(runs, _):
    """A file of the rows is encoded as the rows in memory are."""
    output = runs.folder / runs.name / "codes.parquet"
    zoo.encode(runs.directory, runs.kind.bulk, output, block=77, text=runs.kind.text, overwrite=True, quiet=True)
    table = pq.read_table(output)
    scale = float(table.schema.metadata[b"code_scale"])
    got = np.stack(table["embedding"].to_numpy()) * np.float32(scale)
    np.testing.assert_allclose(got, runs.first.encoder.encode(runs.kind.rows), atol=1e-6)


def served(runs, server):
    """The server gives the codes of the encoder in memory, over both of its fronts, and of the rows as they are."""
    wanted = runs.first.encoder.encode(runs.kind.rows)
    for front in ("rest", "grpc"):
        np.testing.assert_allclose(server(runs, runs.kind.rows, front), wanted, atol=1e-6)


def resumed(runs, _):
    """A run that was interrupted after an epoch comes to the weights of one that was not, under the same id."""
    run_id, epochs, first, again = runs.again
    assert again.run_id == run_id
    assert epochs == [0, 1]
    assert first.run_id != run_id
    _assert_same_weights(first.encoder, again.encoder, runs.kind.rows)


def seeds(runs, _):
    """The same seed makes the same encoder, another one another, and several are judged together."""
    _assert_same_weights(runs.first.encoder, runs.again[-1].encoder, runs.kind.rows)
    _, children = runs.tracked
    by_seed = {child.data.tags["zoo.seed"]: child.data.metrics for child in children if "zoo.seed" in child.data.tags}
    assert set(by_seed) == {"0", "1"}
    assert by_seed["0"]["val_loss"] != by_seed["1"]["val_loss"]
    report = runs.folded.report
    assert report.seeds["own"] == (by_seed["0"]["encoder.own"], by_seed["1"]["encoder.own"])
    assert report.scores["encoder"]["own"].value == pytest.approx(np.mean(report.seeds["own"]), abs=1e-6)


def page(runs, _):
    """The report page goes along with the exported version, and so does the map of the codes."""
    extra = runs.directory / "assets.extra"
    html = (extra / "report.html").read_text(encoding="utf-8")
    assert html.lstrip().lower().startswith("<!doctype html>")
    assert runs.name in html
    assert "own" in html


def _assert_same_weights(one, other, rows):
    """By the scores, which every weight has a part in, and what random codes are decoded to."""
    np.testing.assert_allclose(one.score(rows), other.score(rows), rtol=1e-5)
    codes = np.random.default_rng(1).normal(size=(5, LATENT)).astype(np.float32)
    np.testing.assert_allclose(one.decode(codes), other.decode(codes), rtol=1e-5, atol=1e-6)


FEATURES = {
    each.__name__.replace("_", "-"): each
    for each in (folds, one_class, champion, gates, counts, int8, onnx, bulk, served, resumed, seeds, page)
}


def has_no_counts(runs):
    with pytest.raises(ValueError, match=r"takes (rows|images|records)"):
        runs.first.encoder.encode([["tea", "tea", "tea"]])


def has_no_classes(runs):
    with pytest.raises(InputError, match="the wrapped source has no labels, which say what is normal"):
        runs.run(data=runs.one_class)


def has_strings(runs):
    with pytest.raises(InputError, match="its rows are strings, and ONNX cannot look them up; leave it at false"):
        runs.run(export={"onnx": True})
    assert not (runs.directory / "assets.extra" / "encoder.onnx").exists()


REFUSED = {"none": has_no_counts, "classless": has_no_classes, "strings": has_strings}


@pytest.fixture(scope="module")
def all_runs(tmp_path_factory):
    """The runs of every kind. Graphs this small are not worth TensorFlow's time for improving them."""
    options = import_tensorflow().config.optimizer
    options.set_experimental_options({"disable_meta_optimizer": True})
    folder = tmp_path_factory.mktemp("pairs")
    yield {name: Runs(name, folder) for name in KINDS}
    options.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture(scope="module")
def server(all_runs, request):
    """Asks one server, which serves the first encoder of every kind that is tried, for the codes of rows."""
    tried = {item.callspec.params.get("kind") for item in request.session.items if hasattr(item, "callspec")}
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(Path(__file__).parents[1] / "serving"))
        from served import ServerProcess

    made = {runs.directory.parents[1] for name, runs in all_runs.items() if name in tried}
    process = ServerProcess("--store", *made)

    def ask(runs, rows, front):
        with EmbeddingClient(getattr(process, front), runs.name, chunk=77) as client:
            return client.encode(rows)

    yield ask
    assert process.stop() == 0


@pytest.mark.parametrize(
    ("kind", "feature"),
    [
        pytest.param(kind, feature, marks=[pytest.mark.long] if kind in LONG else [])
        for kind, row in cells().items()
        for feature in row
    ],
)
def test_pair(kind, feature, all_runs, request):
    told = cell(kind, feature)
    if told == "+":
        FEATURES[feature](all_runs[kind], lambda *asked: request.getfixturevalue("server")(*asked))  # noqa: PLW0108
    else:
        REFUSED[told](all_runs[kind])


def test_the_table_is_full():
    assert list(cells()) == list(KINDS)
    for kind, row in cells().items():
        assert list(row) == list(FEATURES), kind
        assert set(row.values()) <= {"+", *REFUSED}, kind


def test_every_kind_of_row_is_in_the_table(all_runs):
    import zoo.rows
    from zoo.lazy import public_names
    from zoo.rows.row_kind import RowKind

    there = {getattr(zoo.rows, name) for name in public_names(zoo.rows.__path__)}
    there = {kind for kind in there if issubclass(kind, RowKind) and not kind.__abstractmethods__}
    assert {type(runs.splits.kind) for runs in all_runs.values()} == there


@pytest.mark.parametrize("section", OPTIONS)
def test_every_option_of_a_run_is_placed(section):
    """A new option of training or export is a feature with a column of its own, or the same for every kind of row."""
    from zoo.signature import read_signature

    part = {"train": "zoo.train.Trainer", "export": "zoo.export.Exporter"}[section]
    assert set(read_signature(part).parameters) == set(OPTIONS[section])
    assert set(OPTIONS[section].values()) <= {SAME, *FEATURES}
