"""Purchases in long form, a row for each item of a basket: recognised, named, or refused; never read as baskets."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest

from zoo.data import Baskets
from zoo.errors import InputError

RANDOM = np.random.default_rng(0)
LONG = pd.DataFrame(
    [
        (1000 + basket, f"item{item}", int(RANDOM.integers(1, 4)))
        for basket in range(200)
        for item in RANDOM.choice(12, RANDOM.integers(1, 6), replace=False)
    ],
    columns=["order", "product", "quantity"],
)
COUNTS = {
    str(order): Counter(dict(zip(part["product"], part["quantity"], strict=True)))
    for order, part in LONG.groupby("order")
}


@pytest.fixture
def write(tmp_path):
    def write(frame=LONG, name="t.csv", **options):
        frame.to_csv(tmp_path / name, index=False, **options)
        return str(tmp_path / name)

    return write


def contents(splits):
    names = splits.categories["items"]
    rows = (splits.features[[row]] for row in range(len(splits)))
    found = [{names[i]: n for i, n in zip(row.indices, row.data, strict=True)} for row in rows]
    return dict(zip(splits.keys.tolist(), map(Counter, found), strict=True))


def message(*arguments, **options):
    with pytest.raises(InputError) as caught:
        Baskets(*arguments, **options).load()
    return str(caught.value)


@pytest.mark.parametrize(
    "names",
    [
        ("order", "product", "quantity"),
        ("order_id", "product_name", "qty"),
        ("InvoiceNo", "StockCode", "Quantity"),
        ("transaction id", "Item", "count"),
        ("userId", "movie", "times"),
    ],
)
def test_it_is_recognised_by_its_names_and_grouped(write, names):
    splits = Baskets(write(LONG.set_axis(names, axis=1))).load()
    assert contents(splits) == COUNTS
    assert f"baskets by '{names[0]}', items from '{names[1]}', how often from '{names[2]}'" in splits.notes[0]


@pytest.mark.parametrize(("name", "sep"), [("t.csv", ";"), ("t.tsv", "\t"), ("t.csv", "|"), ("t.csv.gz", ",")])
def test_it_is_recognised_with_other_marks_and_packed(write, name, sep):
    assert contents(Baskets(write(name=name, sep=sep)).load()) == COUNTS


def test_rows_of_a_basket_need_not_stand_together_and_other_columns_do_not_matter(write):
    shuffled = LONG.sample(frac=1, random_state=0).assign(price=1.5, date="2024-01-01")
    assert contents(Baskets(write(shuffled)).load()) == COUNTS


def test_columns_can_be_named_in_any_table(write, tmp_path):
    named = {"basket_column": "x", "item_column": "y", "quantity_column": "z"}
    frame = LONG.set_axis(["x", "y", "z"], axis=1)
    frame.to_parquet(tmp_path / "t.parquet")
    for path in (write(frame), str(tmp_path / "t.parquet")):
        assert contents(Baskets(path, **named).load()) == COUNTS
    once = contents(Baskets(write(frame), basket_column="x", item_column="y").load())
    assert once == {key: Counter(dict.fromkeys(items, 1)) for key, items in COUNTS.items()}
    bare = write(LONG, header=False)
    columns = {name: f"column_{place}" for place, name in enumerate(named)}
    assert contents(Baskets(bare, header=False, **columns).load()) == COUNTS


def test_what_is_not_recognised_is_refused_with_what_to_say(write):
    for frame, options in [(LONG.set_axis(["x", "y", "z"], axis=1), {}), (LONG, {"header": False})]:
        said = message(write(frame, **options))
        assert "name its columns with data.basket_column= and data.item_column=" in said
        assert "if every line is a basket, say data.header=false" in said
    pairs = LONG[["order", "product"]].set_axis(["von", "was"], axis=1)
    assert "of 'von', 'was'" in message(write(pairs))
    splits = Baskets(write(pairs), header=False).load()  # as it is said
    assert len(splits) > 400


def test_baskets_that_happen_to_be_of_one_size_are_baskets(tmp_path):
    rows = RANDOM.choice([f"item{i}" for i in range(12)], (300, 3))
    (tmp_path / "t.csv").write_text("".join(",".join(row) + "\n" for row in rows))
    splits = Baskets(str(tmp_path / "t.csv")).load()
    assert len(splits) == 300
    assert splits.notes == ()


def test_rows_without_a_basket_an_item_or_a_quantity_are_dropped_with_a_note(write):
    extra = pd.DataFrame(
        {
            "order": ["", "1000", "1001", "1002"],
            "product": ["item1", "", "item1", "item1"],
            "quantity": [1, 1, -2, None],
        }
    )
    splits = Baskets(write(pd.concat([LONG, extra]))).load()
    assert contents(splits) == COUNTS
    assert "Dropped 4 rows without a basket, an item, or a quantity above 0." in splits.notes


def test_options_that_contradict_each_other():
    assert "needs both data.basket_column= and data.item_column=" in message("t.csv", basket_column="x")
    assert "data.column means nothing beside data.basket_column" in message(
        "t.csv", basket_column="x", item_column="y", column="z"
    )
    assert "give either data.path=, a file of yours, or data.table=, a query" in message()


def test_a_quantity_that_is_no_number_is_named(write):
    frame = LONG.astype({"quantity": object})
    frame.loc[3, "quantity"] = "many"
    assert "column 'quantity', row 3 (from 0): 'many' is not a number" in message(write(frame))
