"""Counts and weights of items: what is trained on is what the graph makes of names."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse

from zoo.encoder import Encoder
from zoo.quiet import import_tensorflow

tf = import_tensorflow()

from zoo.bottlenecks import Linear  # noqa: E402
from zoo.data import Baskets, SparseMatrix  # noqa: E402
from zoo.export._serving_requests import features_of_examples, serialised_examples  # noqa: E402
from zoo.export._signatures import write_saved_model  # noqa: E402
from zoo.likelihoods import Multinomial  # noqa: E402
from zoo.models import Autoencoder  # noqa: E402
from zoo.networks import MLP, EmbeddingBag  # noqa: E402
from zoo.rows import ItemRows, SparseRows  # noqa: E402
from zoo.rows._added_up import added_up  # noqa: E402

ITEMS = ["milk", "bread", "tea"]


def bag(columns=3, combiner="sqrtn"):
    model = Autoencoder(EmbeddingBag(4, combiner=combiner), Linear(2), MLP([3]), Multinomial())
    model.build((None, columns))
    return model


@pytest.mark.parametrize("combiner", ["sum", "mean", "sqrtn"])
def test_an_item_that_is_there_three_times_has_the_value_three(combiner, tmp_path):
    model, kind = bag(combiner=combiner), ItemRows(ITEMS)
    counts = sparse.csr_array(np.asarray([[1, 0, 3], [0, 0, 0], [0, 2, 0]], np.float32))
    baskets = [["tea", "milk", "tea", "coffee", "tea"], [], [" bread", "bread\u00a0"]]
    wanted = Encoder.from_model("features", model, kind=SparseRows(3)).encode(counts)
    write_saved_model(tmp_path / "saved", model, kind)
    for encoder in (Encoder.from_model("names", model, kind=kind), Encoder.from_saved_model(tmp_path / "saved")):
        np.testing.assert_allclose(encoder.encode(baskets), wanted, atol=1e-6)
    np.testing.assert_allclose(Encoder.from_model("names", model, kind=kind).encode(counts), wanted, atol=1e-6)


def test_a_column_that_is_there_three_times_has_the_sum_of_its_values(tmp_path):
    model, kind = bag(), SparseRows(3)
    write_saved_model(tmp_path / "saved", model, kind)
    given = {"indices": [[2, 0, 2, 2], [1, -1, -1, -1]], "values": [[1, 1, 0.5, 1.5], [2, 0, 0, 0]]}
    wanted = Encoder.from_model("features", model, kind=kind).encode(sparse.csr_array([[1.0, 0, 3], [0, 2, 0]]))
    for encoder in (Encoder.from_model("rows", model, kind=kind), Encoder.from_saved_model(tmp_path / "saved")):
        np.testing.assert_allclose(encoder.encode(given), wanted, atol=1e-6)


def test_entries_are_added_up_row_by_row():
    rng = np.random.default_rng(0)
    indices = rng.integers(-1, 6, size=(50, 9)).astype(np.int32)
    values = rng.normal(size=(50, 9)).astype(np.float32)
    found = {name: each.numpy() for name, each in added_up(tf.constant(indices), tf.constant(values), 6).items()}
    wanted = np.zeros((50, 7), np.float32)
    np.add.at(wanted, (np.arange(50)[:, None], indices), values)  # -1 is the last column
    got = np.zeros((50, 7), np.float32)
    np.put_along_axis(got, found["indices"].astype(int), found["values"], axis=1)
    np.testing.assert_allclose(got[:, :6], wanted[:, :6], atol=1e-6)
    for row in found["indices"]:
        there = row[row >= 0]
        assert len(set(there.tolist())) == len(there)
    nothing = added_up(tf.zeros((2, 0), tf.int32), tf.zeros((2, 0)), 6)
    assert nothing["indices"].shape == (2, 0)


def test_baskets_of_a_file_with_blanks_and_doubles_give_their_training_codes(tmp_path):
    baskets = [["milk", " tea", "tea"], ["bread ", "milk"], ["tea", "tea", "tea\u00a0", "bread"]] * 40
    pd.DataFrame({"items": baskets}).to_parquet(tmp_path / "baskets.parquet")
    splits = Baskets(str(tmp_path / "baskets.parquet")).load()
    model = bag(len(splits.kind.items))
    wanted = Encoder.from_model("features", model, kind=splits.kind.plain()).encode(splits.features)
    served = Encoder.from_model("names", model, kind=splits.kind)
    np.testing.assert_allclose(served.encode(baskets), wanted, atol=1e-6)
    np.testing.assert_allclose(np.concatenate(list(served.encode_table(splits))), wanted, atol=1e-6)


@pytest.fixture
def weighted(tmp_path):
    """400 rows of 30 named columns with real values; repeatable."""
    rng = np.random.default_rng(0)
    matrix = sparse.random_array((400, 30), density=0.2, rng=rng, format="csr", dtype=np.float32)
    matrix.data *= 0.9
    sparse.save_npz(tmp_path / "terms.npz", matrix)
    (tmp_path / "terms.txt").write_text("\n".join(f"term {i}" for i in range(30)))
    return SparseMatrix(str(tmp_path / "terms.npz"), names=str(tmp_path / "terms.txt")).load()


def test_real_values_of_named_columns_are_kept(weighted, tmp_path):
    kind = weighted.kind
    assert kind.weighted
    model = bag(30)
    wanted = Encoder.from_model("features", model, kind=kind.plain()).encode(weighted.features)
    encoder = Encoder.from_model("names", model, kind=kind)
    np.testing.assert_allclose(np.concatenate(list(encoder.encode_table(weighted))), wanted, atol=1e-5)
    write_saved_model(tmp_path / "saved", model, kind)
    loaded = Encoder.from_saved_model(tmp_path / "saved")
    arrays = weighted.inputs(np.arange(len(weighted)))
    terms = [{kind.items[c]: v for c, v in zip(row.indices, row.data, strict=True)} for row in weighted.features]
    lists = {"items": [list(row) for row in terms], "values": [list(row.values()) for row in terms]}
    for rows in (arrays, terms, lists, pd.DataFrame(lists), pa.table(lists)):
        np.testing.assert_allclose(loaded.encode(rows), wanted, atol=1e-5)
    read = features_of_examples(tf.constant(serialised_examples(arrays)), kind.specs())
    np.testing.assert_array_equal(read["items"].numpy().astype(str), arrays["items"].astype(str))
    np.testing.assert_array_equal(read["values"].numpy(), arrays["values"])


def test_fractional_quantities_are_values(tmp_path):
    sold = {"order": [row // 2 for row in range(200)], "product": ["tea", "rye"] * 100, "quantity": [0.5, 2.25] * 100}
    pd.DataFrame(sold).to_csv(tmp_path / "sold.csv", index=False)
    named = {"basket_column": "order", "item_column": "product", "quantity_column": "quantity"}
    splits = Baskets(str(tmp_path / "sold.csv"), **named).load()
    assert splits.kind.weighted
    model = bag(2)
    wanted = Encoder.from_model("features", model, kind=splits.kind.plain()).encode(splits.features)
    served = Encoder.from_model("names", model, kind=splits.kind).encode([{"tea": 0.5, "rye": 2.25}] * 100)
    np.testing.assert_allclose(served, wanted, atol=1e-6)


def test_matrices_of_counts_take_lists_of_names_alone(tmp_path):
    matrix = sparse.csr_array(np.random.default_rng(0).poisson(0.7, size=(200, 3)).astype(np.float32))
    sparse.save_npz(tmp_path / "counts.npz", matrix)
    (tmp_path / "names.txt").write_text("\n".join(ITEMS))
    splits = SparseMatrix(str(tmp_path / "counts.npz"), names=str(tmp_path / "names.txt")).load()
    assert list(splits.inputs(splits.test)) == ["items"]
    assert ItemRows.of_values(ITEMS, np.asarray([1.0, 300.0])).weighted


def test_values_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="without values: name an item as often as it counts"):
        ItemRows(ITEMS).arrays([{"milk": 2.5}])
    with pytest.raises(ValueError, match=r"row 1 \(from 0\) has 1 items and 2 values: give one for each"):
        ItemRows(ITEMS, weighted=True).arrays({"items": [["milk"], ["tea"]], "values": [[1.0], [1.0, 2.0]]})
    with pytest.raises(ValueError, match="1 of 2 rows hold NaN or infinity"):
        ItemRows(ITEMS, weighted=True).arrays([{"milk": 1.0}, {"tea": float("nan")}])
    with pytest.raises(ValueError, match=r"which have counts; these have values such as 2\.5"):
        ItemRows(ITEMS).arrays(sparse.csr_array([[2.5, 0, 0]]))
