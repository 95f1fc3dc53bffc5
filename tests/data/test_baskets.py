"""Baskets as rows of counts: formats, the vocabulary and its order, the bounds, and what is refused."""

import csv
import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from zoo.data import Baskets
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows import ItemRows

GROCERIES = Path(__file__).parents[3] / "shared/data/onehot/groceries.csv"
ITEMS = [f"item{number}" for number in range(12)]


def baskets(rows=300, seed=0):
    """Lists of items, common ones first in `ITEMS`; some twice in a basket."""
    random = np.random.default_rng(seed)
    share = 1 / np.arange(1, len(ITEMS) + 1)
    return [[ITEMS[i] for i in random.choice(12, random.integers(1, 7), p=share / share.sum())] for _ in range(rows)]


@pytest.fixture
def write(tmp_path):
    def write(rows, name="baskets.csv"):
        path = tmp_path / name
        text = rows if isinstance(rows, str) else "".join(",".join(row) + "\n" for row in rows)
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return str(path)

    return write


@pytest.fixture
def parquet(tmp_path):
    def parquet(**columns):
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table(columns), tmp_path / "baskets.parquet")
        return str(tmp_path / "baskets.parquet")

    return parquet


def contents(splits):
    """What is in each basket: [rows] counters of names."""
    names = splits.categories["items"]
    rows = (splits.features[[row]] for row in range(len(splits)))
    return [Counter({names[i]: int(n) for i, n in zip(row.indices, row.data, strict=True)}) for row in rows]


def train_of(rows, keys=None):
    keys = [str(row) for row in range(rows)] if keys is None else keys
    return split_by_key(keys, validation=0.1, test=0.2)[0]


def message(*arguments, **options):
    with pytest.raises(InputError) as caught:
        Baskets(*arguments, **options).load()
    return str(caught.value)


# Real baskets


@pytest.mark.skipif(not GROCERIES.is_file(), reason="../shared/data/onehot/groceries.csv is not on this machine")
def test_groceries_have_the_published_figures():
    splits = Baskets(str(GROCERIES)).load()
    assert splits.provenance["baskets_found"] == 9835
    assert splits.provenance["items_found"] == 169
    assert splits.provenance["entries_found"] == 43_367
    with GROCERIES.open(newline="") as file:
        rows = [[item.strip() for item in row] for row in csv.reader(file)]
    assert contents(splits)[:500] == [Counter(row) for row in rows[:500]]
    often = Counter(item for row in splits.train for item in rows[row])
    assert splits.categories["items"] == tuple(sorted(often, key=lambda item: (-often[item], item)))
    assert splits.categories["items"][0] == "whole milk"
    assert splits.features.dtype == np.float32
    assert splits.features.indices.dtype == np.int32
    assert type(splits.kind) is ItemRows
    assert splits.notes == ()


# Formats


def test_lines_parquet_lists_and_columns_of_text_hold_the_same(write, parquet):
    rows = baskets()
    expected = [Counter(row) for row in rows]
    table = '"basket"\n' + "".join(f'"{",".join(row)}"\n' for row in rows)
    for splits in (
        Baskets(write(rows)).load(),
        Baskets(write(rows, "baskets.csv.gz")).load(),
        Baskets(write("".join("|".join(row) + "\n" for row in rows)), separator="|").load(),
        Baskets(parquet(basket=rows, number=list(range(300)))).load(),
        Baskets(parquet(basket=[";".join(row) for row in rows]), column="basket", separator=";").load(),
        Baskets(write(table, "table.csv"), column="basket").load(),
    ):
        assert contents(splits) == expected
        assert splits.keys.tolist() == [str(row) for row in range(300)]


def test_items_may_be_whole_numbers(parquet):
    splits = Baskets(parquet(basket=[[row % 3, 7] for row in range(90)])).load()
    assert set(splits.categories["items"]) == {"0", "1", "2", "7"}


def test_quotes_blanks_and_empty_cells(write):
    lines = ['"salt, fine", pepper ,,\n', 'pepper,"6"" pan"\r\n', " salt \n"] * 40
    found = contents(Baskets(write("".join(lines))).load())
    assert found[:3] == [Counter(["salt, fine", "pepper"]), Counter(["pepper", '6" pan']), Counter(["salt"])]


def test_empty_lines_are_dropped_and_the_others_keep_their_numbers(write):
    rows = baskets()
    lines = [",".join(row) + "\n" for row in rows]
    lines[3], lines[7] = "\n", " , \n"
    splits = Baskets(write("".join(lines))).load()
    kept = [row for row in range(300) if row not in {3, 7}]
    assert splits.keys.tolist() == [str(row) for row in kept]
    assert contents(splits) == [Counter(rows[row]) for row in kept]
    assert splits.notes == ("Dropped 2 lines without items.",)


def test_baskets_with_a_key_that_came_before_are_dropped(parquet):
    rows = baskets(100)
    keys = [f"k{row}" for row in range(100)]
    keys[60] = "k59"
    splits = Baskets(parquet(id=keys, basket=rows), key_column="id").load()
    assert splits.keys.tolist() == [key for row, key in enumerate(keys) if row != 60]
    assert contents(splits)[60] == Counter(rows[61])
    assert splits.notes == ("Dropped 1 row with a key that came before, first kept: 'k59'.",)


# The vocabulary


def test_items_that_training_never_saw_are_dropped(write):
    rows = baskets()
    train = set(train_of(300).tolist())
    held_out = [row for row in range(300) if row not in train]
    rows[held_out[0]].append("strange")
    rows[held_out[1]] = ["strange"]
    splits = Baskets(write(rows)).load()
    assert "strange" not in splits.categories["items"]
    assert str(held_out[0]) in splits.keys
    assert str(held_out[1]) not in splits.keys
    assert splits.notes == (
        "Dropped 1 item that the training baskets hold fewer than 1 times (2 entries).",
        "Dropped 1 basket with fewer than 1 different known items.",
    )
    assert [str(row) for row in sorted(train)] == splits.keys[splits.train].tolist()


def test_columns_are_in_order_of_falling_frequency_and_ties_by_name(write):
    splits = Baskets(write("d,c,b,a,b\n" * 100)).load()
    assert splits.categories["items"] == ("b", "a", "c", "d")
    splits = Baskets(write(baskets())).load()
    often = splits.features[splits.train].sum(axis=0)
    assert (np.diff(often) <= 0).all()


def test_bounds_hold_for_everything_that_is_left(write):
    rows = baskets(600, seed=1)
    splits = Baskets(write(rows), min_count=60, min_items=2, max_items=4).load()
    sizes = np.diff(splits.features.indptr)
    assert sizes.min() == 2
    assert sizes.max() == 4
    assert splits.features[splits.train].sum(axis=0).min() >= 60
    # the same, found with sets and loops
    train = {str(row) for row in train_of(600)}
    left, known = {str(row): row_items for row, row_items in enumerate(rows)}, set(ITEMS)
    while True:
        often = Counter(item for key, items in left.items() if key in train for item in items)
        fewer = {item for item in known if often[item] >= 60}
        left_now = {key: [item for item in items if item in fewer] for key, items in left.items()}
        left_now = {key: items for key, items in left_now.items() if 2 <= len(set(items)) <= 4}
        if fewer == known and left_now == left:
            break
        left, known = left_now, fewer
    assert splits.keys.tolist() == list(left)
    assert contents(splits) == [Counter(items) for items in left.values()]
    assert set(splits.categories["items"]) == known < set(ITEMS)
    assert set(splits.keys[splits.train]) <= train


def test_what_is_left_out_can_make_others_fall_below_the_bounds(write):
    rows = [["a", "b"] for _ in range(60)]
    first, second = train_of(60)[:2]
    rows[first] = ["y", "z"]  # z is rare, so this basket is left with y alone and goes
    rows[second] = ["y", "a"]  # now y is rare as well, and this basket goes too
    splits = Baskets(write(rows), min_count=2, min_items=2).load()
    assert splits.categories["items"] == ("a", "b")
    assert splits.keys.tolist() == [str(row) for row in range(60) if row not in {first, second}]


def test_content_decides_the_fingerprint(write):
    prints = [Baskets(write(baskets(seed=seed))).load().provenance["fingerprint"] for seed in (0, 0, 1)]
    assert prints[0] == prints[1] != prints[2]


# Bad input


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", {}, "the file is empty (0 bytes)"),
        ("\n,,\n \n", {}, "no line holds an item"),
        ('a,b\n"c,d\n', {}, "line 2: the quotes do not match"),
        ("a,b\n" * 50, {"min_count": 99}, "no basket and no item is left of"),
        ("a;b\n" * 50, {"min_items": 2}, "check that data.separator=',' parts the items"),
        ("a,b\n" * 50, {"key_column": "id"}, "data.key_column=id: lines of items have no columns"),
        ("basket\na\n", {"column": "baskets"}, "data.column=baskets: no such column; did you mean 'basket'?"),
        ("a\nb\n", {"validation": 0.01}, "no row is left for"),
    ],
)
def test_files_that_cannot_be_used_say_why(write, text, options, expected):
    path = write(text)
    assert expected in message(path, **options)
    assert path in message(path, **options)


def test_parquet_files_that_cannot_be_used_say_why(parquet):
    assert "no column holds lists of items; name the one to read with data.column=; columns: a (int64)" in message(
        parquet(a=[1, 2])
    )
    assert "several columns hold lists of items" in message(parquet(a=[["x"]], b=[["y"]]))
    assert "data.column=a is of type int64; a basket is a list of items" in message(parquet(a=[1, 2]), column="a")
    assert "column 'a' holds lists of double; items are strings or whole numbers" in message(parquet(a=[[0.5]]))


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "baskets.csv").write_bytes("caf\xe9\n".encode("latin-1"))
    assert "not lines of UTF-8 text" in message(str(tmp_path / "baskets.csv"))


def test_options_that_contradict_each_other_are_refused():
    assert "data.separator=', ': must be a single character" in message("baskets.csv", separator=", ")
    assert "data.max_items=2 is below data.min_items=3" in message("baskets.csv", min_items=3, max_items=2)
    assert "leave nothing to train on" in message("baskets.csv", validation=0.6, test=0.5)


def test_a_column_for_each_item(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text(
        "id,milk,tea,never,town\n" + "".join(f"b{n},{n % 3},{'' if n % 2 else 1},0,Ulm\n" for n in range(60))
    )
    splits = Baskets(str(path), key_column="id", wide=True).load()
    columns = [splits.categories["items"].index(name) for name in ("milk", "tea")]
    rows = dict(zip(splits.keys, splits.features[:, columns].toarray().tolist(), strict=True))
    assert rows == {f"b{n}": [n % 3, 1 - n % 2] for n in range(60) if n % 3 or not n % 2}
    assert any("'town'" in note for note in splits.notes)
    with pytest.raises(InputError, match="did you mean"):
        Baskets(str(path), key_column="id", wide=True, drop=["milkk"]).load()
    path.write_text("id,milk\n" + "".join(f"b{n},{-1 if n == 7 else 1}\n" for n in range(60)))
    with pytest.raises(InputError, match="column 'milk', row 7"):
        Baskets(str(path), key_column="id", wide=True).load()
