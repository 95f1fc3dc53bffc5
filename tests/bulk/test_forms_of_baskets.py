"""Baskets in every form that can be trained on are encoded in bulk: long form, text, lists with counts, matrices."""

import sqlite3
import tracemalloc

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy import sparse as sp

import zoo
from zoo.cli.encode import main
from zoo.data import Baskets
from zoo.errors import InputError
from zoo.tables.long_form import LongForm
from zoo.tables.open_table import open_table
from zoo.tables.options import Options
from zoo.tables.query import Query

ITEMS = [f"item{number}" for number in range(8)]
ORDERS = pd.DataFrame(
    {
        "order": [7, 7, 7, 3, None, 3, 12, 12, 40],
        "product": ["item1", " item2", "item1", "item0", "item5", None, "item4", "item5", "item6"],
        "quantity": [2, 1, 1, 3, 9, 4, -1, 0, 2],
        "price": 1.5,
    }
)
BASKETS = [["item1"] * 3 + ["item2"], ["item0"] * 3, [], ["item6"] * 2]
FORM = LongForm("order", "product", "quantity")
LONG = ("basket_column=order", "item_column=product", "quantity_column=quantity")


def codes_of(path):
    return np.stack(pq.read_table(path)["embedding"].to_numpy())


@pytest.fixture
def long_form(tmp_path, rng):
    """200 baskets of 1 to 5 rows each, in order, and their counts [200, 8]."""
    rows = [
        (f"b{199 - basket}", ITEMS[item], int(rng.integers(1, 4)))
        for basket in range(200)
        for item in rng.integers(0, 8, rng.integers(1, 6))
    ]
    frame = pd.DataFrame(rows, columns=["order", "product", "quantity"])
    counts = np.zeros((200, 8), np.float32)
    for basket, item, quantity in rows:
        counts[199 - int(basket[1:]), ITEMS.index(item)] += quantity
    frame.to_csv(tmp_path / "orders.csv", index=False)
    frame.to_parquet(tmp_path / "orders.parquet", row_group_size=37)
    return frame, counts


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_table_in_long_form_on_the_command_line(baskets, tmp_path, monkeypatch, ending):
    monkeypatch.chdir(tmp_path)
    getattr(ORDERS, f"to_{ending}")(f"orders.{ending}", index=False)
    assert main([f"name={baskets}", f"input=orders.{ending}", "output=codes.parquet", *LONG]) == 0
    table = pq.read_table("codes.parquet")
    assert table.column_names == ["order", "embedding"]
    assert [int(float(order)) for order in table["order"].to_pylist()] == [7, 3, 12, 40]
    np.testing.assert_allclose(codes_of("codes.parquet"), zoo.load(baskets).encode(BASKETS), atol=1e-6)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
@pytest.mark.parametrize("block", [1, 7, None])
def test_blocks_end_where_baskets_end(baskets, long_form, tmp_path, monkeypatch, ending, block):
    monkeypatch.setattr("zoo.tables.long_form_table._READ", 10)
    text = Options(form=FORM, prefix="")
    zoo.encode(baskets, tmp_path / f"orders.{ending}", tmp_path / "codes.parquet", text=text, block=block, quiet=True)
    wanted = zoo.load(baskets).encode(sp.csr_array(long_form[1]))
    np.testing.assert_allclose(codes_of(tmp_path / "codes.parquet"), wanted, atol=1e-6)


def test_a_column_for_each_item(baskets, weights, long_form, tmp_path):
    wide, codes = tmp_path / "wide.csv", tmp_path / "codes.parquet"
    counts = long_form[1].copy()
    counts[0] = 0
    frame = pd.DataFrame(counts, columns=ITEMS).astype(int).assign(customer=[f"c{row}" for row in range(200)], visits=9)
    frame.to_csv(wide, index=False)
    for name in (baskets, weights):
        encoder = zoo.load(name)
        zoo.encode(name, wide, codes, block=70, overwrite=True, text=Options(prefix=""), quiet=True)
        wanted = encoder.encode(sp.csr_array(counts))
        np.testing.assert_allclose(codes_of(codes), wanted, atol=1e-6)
        np.testing.assert_allclose(encoder.encode(frame), wanted, atol=1e-6)
    assert pq.read_table(codes).column_names == ["customer", "visits", "embedding"]
    frame.loc[150, "item3"] = -2
    frame.to_csv(wide, index=False)
    with pytest.raises(InputError, match=r"column 'item3', row 150 .*: -2 says not how often"):
        zoo.encode(baskets, wide, tmp_path / "c.parquet", block=70, text=Options(prefix=""), quiet=True)


def test_training_reads_the_same_baskets(baskets, long_form, tmp_path):
    splits = Baskets(
        str(tmp_path / "orders.csv"), basket_column="order", item_column="product", quantity_column="quantity"
    ).load()
    order = [splits.categories["items"].index(item) for item in ITEMS]
    np.testing.assert_array_equal(splits.features.toarray()[:, order], long_form[1])
    read = open_table(tmp_path / "orders.csv", Options(form=FORM))
    (rows,) = read.read(read.blocks(1000), ["order"])
    assert rows["order"].to_pylist() == splits.keys.tolist()


def test_values_and_queries(weights, tmp_path):
    frame = pd.DataFrame({"id": [1, 1, 2], "tag": ["item3", "item0", "item0"], "weight": [0.25, 1.5, 2.0]})
    with sqlite3.connect(tmp_path / "tags.db") as connection:
        frame.sample(frac=1, random_state=0).to_sql("tags", connection, index=False)
    query = Query(f"sqlite:///{tmp_path / 'tags.db'}", "select * from tags order by id")
    text = Options(form=LongForm("id", "tag", "weight"), prefix="")
    zoo.encode(weights, query, tmp_path / "codes.parquet", text=text, quiet=True)
    wanted = zoo.load(weights).encode([{"item3": 0.25, "item0": 1.5}, {"item0": 2.0}])
    np.testing.assert_allclose(codes_of(tmp_path / "codes.parquet"), wanted, atol=1e-6)


def test_rows_of_a_basket_that_are_apart_are_refused(baskets, tmp_path):
    ORDERS.iloc[[0, 3, 1]].to_csv(tmp_path / "orders.csv", index=False)
    with pytest.raises(InputError, match=r"basket '7.*' of 'order' begins in row 0 and again in row 2.*sort the table"):
        zoo.encode(
            baskets, tmp_path / "orders.csv", tmp_path / "c.parquet", text=Options(form=FORM, prefix=""), quiet=True
        )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        ((), 2, "basket_column=order item_column=product quantity_column=quantity"),
        (("basket_column=order",), 2, "needs both basket_column= and item_column="),
        ((*LONG, "columns=product"), 2, "columns means nothing beside basket_column"),
        (("basket_column=ordre", "item_column=product"), 2, "no column 'ordre' in long form; did you mean 'order'"),
        (("columns=product",), 2, "column 'product' is text; say what parts its items, such as separator=','"),
        (("separator=;",), 2, "separator parts the items of a column of text: name it with columns=NAME"),
        (("separator=;;", "columns=product"), 2, "separator=';;': must be a single character"),
        (("separator=;", "columns=prodct"), 2, "columns 'prodct': no such column; did you mean 'product'"),
        (("basket_column=order", "item_column=product", "quantity_column=half"), 2, "an item counts 0.5"),
        (("basket_column=order", "item_column=product", "quantity_column=note"), 2, "'x' is not a number"),
        (("basket_column=order", "item_column=order"), 2, "column 'order' is named twice in long form"),
    ],
)
def test_what_is_wrong_is_said(baskets, tmp_path, monkeypatch, capsys, arguments, status, words):
    monkeypatch.chdir(tmp_path)
    ORDERS.assign(half=0.5, note="x").to_csv("orders.csv", index=False)
    assert main([f"name={baskets}", "input=orders.csv", "output=codes.parquet", *arguments]) == status
    assert words in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(("ending", "separator"), [("csv", ";"), ("parquet", ","), ("tsv", "pipe")])
def test_baskets_in_a_column_of_text(baskets, tmp_path, ending, separator):
    mark = {"pipe": "|"}.get(separator, separator)
    texts = [f"item1{mark} item2 {mark}item1", "", None, "item7"]
    frame = pd.DataFrame({"id": range(4), "bought": texts})
    if ending == "parquet":
        frame.to_parquet(tmp_path / "rows.parquet")
    else:
        frame.to_csv(tmp_path / f"rows.{ending}", index=False, sep="\t" if ending == "tsv" else ",")
    zoo.encode(
        baskets,
        tmp_path / f"rows.{ending}",
        tmp_path / "codes.parquet",
        columns=["bought"],
        text=Options(separator=separator, prefix=""),
        quiet=True,
    )
    wanted = zoo.load(baskets).encode([["item1", "item2", "item1"], [], [], ["item7"]])
    np.testing.assert_allclose(codes_of(tmp_path / "codes.parquet"), wanted, atol=1e-6)
    assert pq.read_table(tmp_path / "codes.parquet").column_names == ["id", "embedding"]


def test_a_column_of_lists_needs_no_separator(baskets, tmp_path):
    pd.DataFrame({"items": [["item1"]]}).to_parquet(tmp_path / "rows.parquet")
    with pytest.raises(InputError, match="column 'items' holds lists already; leave separator out"):
        zoo.encode(
            baskets,
            tmp_path / "rows.parquet",
            tmp_path / "c.parquet",
            columns=["items"],
            text=Options(separator=",", prefix=""),
            quiet=True,
        )


def test_counts_beside_lists_of_items(baskets, tmp_path):
    frame = pd.DataFrame({"items": [["item1", "item2"], ["item3"]], "values": [[3.0, 1.0], [2.0]]})
    frame.to_parquet(tmp_path / "rows.parquet")
    zoo.encode(baskets, tmp_path / "rows.parquet", tmp_path / "codes.parquet", quiet=True)
    wanted = zoo.load(baskets).encode([["item1", "item1", "item2", "item1"], ["item3", "item3"]])
    np.testing.assert_allclose(codes_of(tmp_path / "codes.parquet"), wanted, atol=1e-6)


@pytest.mark.parametrize("form", ["csr", "csc", "coo", "bsr"])
@pytest.mark.parametrize("name", ["sparse", "baskets"])
def test_a_matrix_of_scipy(request, tmp_path, rng, name, form):
    encoder = request.getfixturevalue(name)
    matrix = sp.random_array((300, 8), density=0.3, rng=rng, format="csr", dtype=np.float32)
    matrix.data = np.ceil(3 * matrix.data) if name == "baskets" else matrix.data
    sp.save_npz(tmp_path / "rows.npz", matrix.asformat(form))
    zoo.encode(encoder, tmp_path / "rows.npz", tmp_path / "codes.parquet", block=77, quiet=True)
    wanted = zoo.load(encoder).encode(matrix)
    np.testing.assert_allclose(codes_of(tmp_path / "codes.parquet"), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "width", "words"),
    [
        ("sparse", 7, r"a sparse matrix of 7 columns, and the encoder takes sparse rows \[n, 8\]"),
        ("baskets", 9, "a sparse matrix of 9 columns, and the encoder takes baskets of 8 items"),
        ("dense", 4, r"a sparse matrix of 4 columns, and the encoder takes rows \[n, 4\]"),
        ("records", 9, "a sparse matrix of 9 columns, and the encoder takes records with the fields"),
    ],
)
def test_a_matrix_that_is_not_for_the_encoder(request, tmp_path, name, width, words):
    sp.save_npz(tmp_path / "rows.npz", sp.eye_array(5, width, format="csr"))
    with pytest.raises(InputError, match=words):
        zoo.encode(request.getfixturevalue(name), tmp_path / "rows.npz", tmp_path / "c.parquet", quiet=True)


def test_long_form_is_read_in_bounded_memory(tmp_path):
    rows = 400_000
    frame = pd.DataFrame({"order": np.arange(rows) // 4, "product": "item1"})
    frame.to_parquet(tmp_path / "orders.parquet", row_group_size=20_000)
    table = open_table(tmp_path / "orders.parquet", Options(form=LongForm("order", "product")))
    tracemalloc.start()
    baskets = sum(piece.num_rows for piece in table.read(table.blocks(1000), ["items", "values"]))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert baskets == rows / 4
    assert most < 40e6, "the names of the baskets of a whole table are in memory"
