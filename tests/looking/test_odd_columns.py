"""What `zoo new` says of columns is what the recipe reads them as, however they are written."""

import datetime
import json

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.cli.new import looked_at
from zoo.errors import InputError
from zoo.looking.recipe_text import seen_text

ROWS = 200


@pytest.fixture
def looked(tmp_path, rng):
    """A function that writes a text to a file and looks at it."""

    def look(text, name="own.csv", **settings):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return looked_at(str(path), settings)

    return look


def lines(header, *columns):
    return "\n".join([header, *(";".join(map(str, cells)) for cells in zip(*columns, strict=True))])


def holds(advice):
    return {column.name: column.holds for column in advice.columns}


def test_numbers_with_units_marks_and_strangers_are_told_as_the_recipe_reads_them(looked, rng):
    money = [f"{x:,.2f} €".replace(",", "X").replace(".", ",").replace("X", ".") for x in rng.lognormal(9, 1, ROWS)]
    holes = ["?" if row % 7 == 0 else f"{x:.2f}" for row, x in enumerate(rng.normal(size=ROWS))]
    codes = [f"{x:05d}" for x in rng.integers(0, 40, ROWS)]
    days = [(datetime.date(2020, 1, 1) + datetime.timedelta(int(x))).strftime("%Y%m%d") for x in range(ROWS)]
    states = ["-" if row % 5 == 0 else "ab"[row % 2] for row in range(ROWS)]
    advice = looked(lines("price;holes;postcode;day;state", money, holes, codes, days, states))
    assert holds(advice) == {
        "price": "number", "holes": "number", "postcode": "category", "day": "date", "state": "category",
    }  # fmt: skip
    by_name = {column.name: column for column in advice.columns}
    assert (by_name["holes"].gaps, by_name["state"].gaps) == (29, 40)
    assert by_name["price"].high == pytest.approx(max(float(x[:-2].replace(".", "").replace(",", ".")) for x in money))
    assert advice.recipe == "table"


def test_x_and_y_are_a_place_and_y_alone_is_a_target(looked, rng):
    numbers = rng.normal(size=(3, ROWS)).round(3)
    assert looked(lines("x;y;z", *numbers)).settings["data"].get("label_column") is None
    assert looked(lines("a;b;y", *numbers)).settings["data"]["label_column"] == "y"


def test_many_columns_that_are_alike_are_told_as_one(looked, rng):
    numbers = rng.normal(size=(30, ROWS)).round(3)
    text = seen_text(looked(lines(";".join([*(f"g{n}" for n in range(30)), "kind"]), *numbers, ["a", "b"] * 100)))
    assert "g0 .. g29  30 columns of numbers -" in text
    assert len(text.splitlines()) < 10


def test_few_rows_get_shares_that_leave_no_split_empty(looked, rng):
    from zoo.data._key_split import split_by_key

    for rows in (5, 12, 30):
        text = lines("a;b;c", *rng.normal(size=(2, rows)).round(3), ["x", "y", *(["x"] * (rows - 2))])
        advice = looked(text.replace(";", ","))
        shares = {"validation": 0.1, "test": 0.2} | advice.settings["data"]
        names = [str(row) for row in range(rows)]
        train, validation, test = split_by_key(names, validation=shares["validation"], test=shares["test"])
        assert min(len(train), len(validation)) >= 1
        assert len(test) >= 2


def test_text_of_any_ending_and_arrays_of_objects(looked, rng):
    numbers = rng.normal(size=(2, ROWS)).round(3)
    text = lines("a;b;kind", *numbers, ["p", "q"] * 100)
    assert looked(text, "own.txt").settings["data"]["delimiter"] == ";"
    assert holds(looked(text.replace(";", "|"), "own.txt")) == {"a": "number", "b": "number", "kind": "category"}
    rows = [{"a": float(a), "b": float(b), "kind": "p"} for a, b in numbers.T]
    assert holds(looked(json.dumps(rows), "own.json")) == {"a": "number", "b": "number", "kind": "category"}
    words = "\n".join(
        f"{'new york ' if row % 10 == 0 else 'w'}{row} {' '.join(f'{x:.3f}' for x in rng.normal(size=8))}"
        for row in range(60)
    )
    assert looked(words, "own.vec").settings["data"]["token_spaces"] is True
    for name, said in (("own.xlsx", r"data=pandas\.read_excel"), ("own.pkl", r"data=pandas\.read_pickle")):
        with pytest.raises(InputError, match=said):
            looked("x", name)


def test_lists_as_programs_write_them(looked, rng):
    items = [", ".join(rng.choice(["'a b'", '"c"', "'d'"], 2, replace=False)) for _ in range(ROWS)]
    advice = looked("\n".join(["tags", *(f"[{each}]" for each in items)]).replace('"', "'"), "own.tsv")
    assert advice.recipe == "softmax_baskets"
    assert advice.settings["data"]["separator"] == ","
    vectors = [", ".join(f"np.float64({x:.3f})" for x in rng.normal(size=6)) for _ in range(ROWS)]
    advice = looked("\n".join(["v", *(f"[{each}]" for each in vectors)]), "own.tsv")
    assert advice.settings["data"]["vector_column"] == "v"


def test_columns_of_counts_may_be_items(looked, rng):
    names = ["who", *(f"item {number}" for number in range(12))]
    counts = rng.poisson(0.2, (12, ROWS))
    who = [f"customer{row}" for row in range(ROWS)]
    assert "recipe=softmax_baskets data.wide=true" in " ".join(looked(lines(";".join(names), who, *counts)).unsure)
    advice = looked(lines(";".join(names), who, *np.minimum(counts, 1)))
    assert (advice.recipe, advice.settings["data"]["key_column"]) == ("softmax_baskets", "who")


def test_cells_that_nothing_reads_are_left_out_and_others_read_by_their_type(tmp_path):
    from zoo.data import MixedTable

    days = pd.date_range("2020-01-01", periods=ROWS, freq="7h", tz="Europe/Berlin")
    table = pa.table(
        {
            "from": np.arange(ROWS) % 9 * 1.5,  # a word of Python's, which inputs of a graph are not called
            "when": pa.array(days),
            "took": pa.array([datetime.timedelta(seconds=90 * row) for row in range(ROWS)]),
            "at": pa.array([datetime.time(row % 24) for row in range(ROWS)]),
            "inner": [{"a": row} for row in range(ROWS)],
            "bytes": [b"\x00"] * ROWS,
            "digits": [str(10**25 + row) for row in range(ROWS)],
            "map": pa.array([[("a", 1)]] * ROWS, pa.map_(pa.string(), pa.int64())),
        }
    )
    path = tmp_path / "types.parquet"
    pq.write_table(table, path)
    advice = looked_at(str(path), {})
    assert {name: each for name, each in holds(advice).items() if each != "other"} == {
        "from": "number", "when": "date", "took": "whole number", "at": "category", "digits": "number",
    }  # fmt: skip
    splits = MixedTable(**advice.settings["data"]).load()
    assert splits.kind.reads == {"from": "number", "when": "date", "took": "number", "at": "category"}
    seconds = splits.kind.cells(splits.features)["took"].numpy()
    assert seconds == pytest.approx(90.0 * np.arange(ROWS), abs=0.1)
    said = " ".join(splits.notes)
    assert "'inner' (of struct<a: int64>), 'bytes' (of binary), 'map' (of map" in said
    assert "the same in every training row: 'digits'" in said
