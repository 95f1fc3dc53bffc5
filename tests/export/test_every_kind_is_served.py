"""Every kind of row is exported and verified by being served, with all of its signatures."""

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

import_tensorflow()

from zoo.bottlenecks import Linear, VectorQuantised  # noqa: E402
from zoo.data import Baskets, CategoricalTable, MixedTable, SparseMatrix, Vectors  # noqa: E402
from zoo.export import Exporter  # noqa: E402
from zoo.likelihoods import Multinomial, Product  # noqa: E402
from zoo.models import Autoencoder, DenseAutoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402

pytestmark = pytest.mark.slow  # each starts a server


def named_columns(folder, rng):
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["rooms", "year built", "area"])
    frame.assign(label="x").to_csv(folder / "houses.csv", index=False)
    splits = Vectors(str(folder / "houses.csv"), label_column="label").load()
    return splits, DenseAutoencoder(4, [3], bottleneck=VectorQuantised(4, groups=2, codes=5, seed=0)), frame


def records(folder, rng):
    frame = pd.DataFrame({"stalk-root": rng.choice(["Ä\u00a0b", "c", "?", "NA"], 60), "n": rng.normal(size=60)})
    frame.to_parquet(folder / "records.parquet")
    splits = CategoricalTable(str(folder / "records.parquet"), bins={"n": 4}, missing=["?"]).load()
    sizes = {field: len(names) for field, names in splits.categories.items()}
    return splits, Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Product(sizes)), frame


def table(folder, rng):
    days = pd.date_range("2020-01-01", periods=60, freq="9D").astype(str)
    numbers = np.where(rng.random(60) < 0.2, np.nan, rng.normal(size=60))
    frame = pd.DataFrame(
        {"in €": numbers, "class": rng.choice(["Ä b", "c"], 60), "day": days, "kg": rng.normal(size=60)}
    )
    frame.to_csv(folder / "table.csv", index=False)
    splits = MixedTable(str(folder / "table.csv")).load()
    return splits, DenseAutoencoder(4, [3]), frame


def baskets(folder, rng):
    lists = [rng.choice(["tea", " milk", "rye ", "oats"], size=rng.integers(1, 6)).tolist() for _ in range(60)]
    pd.DataFrame({"items": lists}).to_parquet(folder / "baskets.parquet")
    splits = Baskets(str(folder / "baskets.parquet")).load()
    return splits, Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Multinomial()), lists


def weights(folder, rng):
    matrix = sparse.random_array((60, 8), density=0.4, rng=rng, format="csr", dtype=np.float32)
    matrix[:, [0]] = 0.3
    sparse.save_npz(folder / "terms.npz", matrix)
    (folder / "terms.txt").write_text("\n".join(f"term {i}" for i in range(8)))
    splits = SparseMatrix(str(folder / "terms.npz"), names=str(folder / "terms.txt")).load()
    rows = [{f"term {c}": float(v) for c, v in zip(r.indices, r.data, strict=True)} for r in sparse.csr_array(matrix)]
    return splits, Autoencoder(EmbeddingBag(4), Linear(2), MLP([3]), Multinomial()), rows


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (named_columns, {"serving_columns", "serving_column_examples", "tokens"}),
        (records, {"unknown"}),
        (table, {"reconstruct_table"}),
        (baskets, {"unknown"}),
        (weights, {"unknown"}),
    ],
)
def test_what_is_judged_is_what_is_served(kind, more, tmp_path):
    splits, model, rows = kind(tmp_path, np.random.default_rng(0))
    model.build((None, *splits.shape))
    with Exporter(str(tmp_path / "store")).candidate("name", model, splits, {}) as exported:
        assert more <= set(exported.signatures)
        loaded = Encoder.from_saved_model(exported.directory)
        wanted = Encoder.from_model("features", model, kind=splits.kind.plain()).encode(splits.take(slice(None)))
        np.testing.assert_allclose(loaded.encode(rows), wanted, atol=1e-5)
        np.testing.assert_allclose(loaded.encode_words(splits.keys.tolist()), wanted, atol=1e-5)
        told = json.loads((exported.directory / "assets.extra" / "rows.json").read_text(encoding="utf-8"))
        assert told["kind"] == type(splits.kind).__name__
        if "reconstruct_table" in exported.signatures:
            served = import_tensorflow().saved_model.load(str(exported.directory)).signatures["reconstruct_table"]
            cells = served(
                **{name: import_tensorflow().constant(each) for name, each in splits.kind.arrays(rows).items()}
            )
            assert set(cells) == {"in__", "class_", "day", "kg"}
            frame = loaded.reconstruct_table(rows)
            np.testing.assert_allclose(cells["kg"].numpy(), frame["kg"], atol=1e-5)
            assert [cell.decode() or None for cell in cells["class_"].numpy()] == frame["class"].tolist()
