"""Records from one table or two: what columns hold, which records belong together, and what is refused."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zoo.data import Records
from zoo.errors import InputError

N = 300


@pytest.fixture
def frame(rng):
    letters = list("abcdefghijklmnop")
    return pd.DataFrame(
        {
            "id": [f"r{i}" for i in range(N)],
            "entity": np.arange(N) // 2,
            "name": ["".join(rng.choice(letters, 7)) for _ in range(N)],
            "sex": rng.choice(["f", "m", ""], N),
            "born": [
                f"19{year}0{month}11"
                for year, month in zip(rng.integers(10, 99, N), rng.integers(1, 9, N), strict=True)
            ],
            "price": rng.choice(["1.5", "20.25", "3.75", "4", "n/a"], N),
            "phone": rng.integers(1_000_000, 9_999_999, N),
            "nothing": [""] * N,
        }
    )


def load(frame, tmp_path, **options):
    frame.to_csv(tmp_path / "records.csv", index=False)
    return Records(str(tmp_path / "records.csv"), **options).load()


def test_columns_are_read_as_what_they_hold_and_it_is_said(frame, tmp_path):
    splits = load(frame, tmp_path)
    reads = {name: field.reads for name, field in splits.kind.typed.items()}
    assert reads == {"name": "text", "sex": "category", "born": "date", "price": "number", "phone": "text"}
    notes = " ".join(splits.notes)
    assert "Read as: name text" in notes
    assert "nothing in any training row: 'nothing'" in notes
    assert "Column 'entity' says which records are of one entity" in notes
    assert splits.keys[3] == "r3"
    assert splits.labels[:4].tolist() == [0, 0, 1, 1]
    of = splits.groups
    assert not {*of[splits.train]} & {*of[splits.test]}
    assert splits.kind.typed["sex"].evidence == pytest.approx(np.log(2), abs=0.05)


def test_what_columns_hold_can_be_said_and_columns_left_out(frame, tmp_path):
    splits = load(frame, tmp_path, reads={"phone": "number"}, drop=["sex", "born"], buckets=128, missing=["20.25"])
    assert {name: field.reads for name, field in splits.kind.typed.items()} == {
        "name": "text",
        "price": "category",  # n/a is no number, and no longer missing
        "phone": "number",
    }
    price = splits.features[:, 128 : 128 + splits.kind.typed["price"].columns]
    np.testing.assert_array_equal(np.diff(price.indptr) == 0, frame.price.to_numpy() == "20.25")


def test_text_that_is_stored_as_bytes_is_text(frame, tmp_path):
    frame = frame.drop(columns=["sex", "born", "price", "phone", "nothing"])
    table = pa.Table.from_pandas(frame, preserve_index=False)
    raw = table.set_column(2, "name", table.column("name").cast(pa.large_binary()))
    raw = raw.append_column("picture", [[b"\xff\xfe"] * len(frame)])
    pq.write_table(raw, tmp_path / "bytes.parquet")
    found = Records(str(tmp_path / "bytes.parquet")).load()
    assert found.kind.column_names == ("name",)
    assert any("Left out 'picture' (of binary)" in note for note in found.notes)
    with pytest.raises(InputError, match=r"data\.columns names 'picture', whose cells are of binary; leave it out"):
        Records(str(tmp_path / "bytes.parquet"), columns=["name", "picture"]).load()


def test_without_entities_there_are_no_labels_and_copies_can_be_made(frame, tmp_path):
    splits = load(frame.drop(columns=["entity", "id"]), tmp_path)
    assert splits.labels is None
    assert splits.groups is None
    copies = splits.rewritten(splits.test[:9], 1)
    assert copies.features.shape == (9, splits.width)
    np.testing.assert_array_equal(copies.kind.read(copies.raw).toarray(), copies.features.toarray())


def test_features_are_what_the_graph_reads_of_the_raw_cells(frame, tmp_path):
    splits = load(frame, tmp_path)
    read = splits.kind.features(splits.inputs(splits.test))
    dense = np.zeros((len(splits.test), splits.width), np.float32)
    indices, values = read["indices"].numpy(), read["values"].numpy()
    rows, _ = np.nonzero(indices >= 0)
    np.add.at(dense, (rows, indices[indices >= 0]), values[indices >= 0])
    np.testing.assert_allclose(dense, splits.features[splits.test].toarray(), rtol=1e-6)


@pytest.fixture
def two(frame, tmp_path):
    first, second = frame.iloc[::2], frame.iloc[1::2].rename(columns={"name": "title"})
    first[["id", "name", "phone"]].to_csv(tmp_path / "a.csv", index=False)
    second[["id", "title", "phone", "sex"]].to_csv(tmp_path / "b.csv", index=False)
    pd.DataFrame({"l": first.id.to_numpy()[:99], "r": second.id.to_numpy()[:99]}).to_csv(
        tmp_path / "m.csv", index=False
    )
    return {"path": str(tmp_path / "a.csv"), "other": str(tmp_path / "b.csv"), "matches": str(tmp_path / "m.csv")}


def test_two_tables_are_one_with_sides(two):
    splits = Records(**two, rename={"title": "name"}).load()
    assert list(splits.kind.typed) == ["name", "phone"]
    assert splits.sides.tolist() == [0] * 150 + [1] * 150
    assert splits.labels[0] == splits.labels[150]
    assert len(np.unique(splits.labels)) == 201
    assert splits.keys[[0, 150]].tolist() == ["a/r0", "b/r1"]
    assert any("only one of the tables has: sex" in note for note in splits.notes)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rename": {"titel": "name"}}, "data.rename names 'titel'"),
        ({"key_column": "title"}, "no such column"),
        ({"entity_column": "id"}, "data.entity_column is for one"),
    ],
)
def test_two_tables_that_cannot_be_put_together_are_refused(two, options, said):
    with pytest.raises(InputError, match=said):
        Records(**two, **options).load()


def test_matches_of_records_that_are_not_there_are_refused(two, tmp_path):
    pd.DataFrame({"l": ["r0", "r1"], "r": ["r1", "r9"]}).to_csv(tmp_path / "m.csv", index=False)
    with pytest.raises(InputError, match="column 'l' names 1 records that are not in table a, such as 'r1'"):
        Records(**two).load()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reads": {"name": "words"}}, "it is one of text, category, number, date"),
        ({"reads": {"nom": "text"}}, "data.reads=nom: no such column"),
        ({"reads": {"name": "number"}}, "no two different numbers"),
        ({"errors": {"typos": 0.1}}, "there are typo, digit"),
        ({"errors": {"typo": 2.0}}, "between 0 and 1"),
        ({"drop": ["name", "sex", "born", "price", "phone", "nothing"]}, "no field is left"),
        ({"columns": ["nothing"]}, "no column says anything"),
        ({"matches": "m.csv"}, "are for two tables"),
    ],
)
def test_what_cannot_be_meant_is_refused(frame, tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        load(frame, tmp_path, **options)


def test_entities_are_the_labels_and_what_says_nothing_is_none(frame, tmp_path):
    entities = [f"{each:03d}" if row % 2 else str(each) for row, each in enumerate(frame["entity"])]
    entities[:60] = ["unknown"] * 30 + ["-1"] * 30
    splits = load(frame.assign(entity=entities), tmp_path)
    assert (splits.labels[:60] == -1).all()
    assert len(set(splits.groups[:60].tolist())) == 60  # each is a record of its own
    assert splits.groups[60] == splits.groups[61]  # 30 and 030
    assert len(set(splits.groups.tolist())) == 60 + 120


def test_a_column_of_one_number_is_no_obstacle(frame, tmp_path):
    kind = load(frame.assign(weight="1.5"), tmp_path).kind
    assert kind.reads["weight"] == "category"
    assert kind.typed["weight"].evidence == pytest.approx(0, abs=0.01)


def test_ids_that_repeat_are_no_field_and_that_is_counted(frame, tmp_path):
    frame.loc[3, "id"], frame.loc[7, "id"] = "r2", ""
    splits = load(frame, tmp_path)
    assert "id" not in splits.kind.typed
    assert "Column 'id' is called as names of records are, but 1 of them say nothing and 1 are those" in " ".join(
        splits.notes
    )
    assert splits.keys[3] == "3"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"columns": ["name", "entity"]}, "data.columns names 'entity'"),
        ({"columns": ["name", "id"]}, "data.columns names 'id'"),
    ],
)
def test_what_judges_is_no_field(frame, tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        load(frame, tmp_path, **options)
    with pytest.raises(InputError, match="febrl1 has its own"):
        Records(dataset="febrl1", entity_column="surname")


def test_columns_of_two_tables_are_renamed_to_those_that_there_are(frame, tmp_path):
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.rename(columns={"phone": "telephone"}).assign(title="x").to_csv(tmp_path / "b.csv", index=False)

    def load_two(**rename):
        return Records(str(tmp_path / "a.csv"), str(tmp_path / "b.csv"), rename=rename).load()

    assert "phone" in load_two(telephone="phone").kind.typed
    with pytest.raises(InputError, match="no column 'fone'"):
        load_two(telephone="fone")
    with pytest.raises(InputError, match="has a column 'name' beside 'title'"):
        load_two(title="name")
    assert not any("one entity" in note for note in load_two().notes)


_OTHER_DIGITS = str.maketrans("0123456789", "".join(chr(0x660 + digit) for digit in range(10)))  # Arabic-Indic


@pytest.mark.parametrize(
    ("cells", "are_dates"),
    [
        (["12345678Z", "45678912K"], False),  # of identity cards
        (["12345678-5", "1234 56 78"], False),
        (["1990-5-3", "2001-12-31"], True),
        (["3/5/1990", "31.12.2001"], True),
        (["19900503", "20011231"], True),
        (["1990-05-03T10:00", "2001-12-31 23:59:00"], True),
        (["2020-01-05".translate(_OTHER_DIGITS), "2021-01-06".translate(_OTHER_DIGITS)], False),  # the graph's digits
        (["3.5".translate(_OTHER_DIGITS), "4.5".translate(_OTHER_DIGITS)], False),
    ],
)
def test_dates_and_numbers_are_what_is_read_as_such(frame, tmp_path, cells, are_dates):
    splits = load(frame.assign(phone=[cells[row % 2] for row in range(N)]), tmp_path)
    found = splits.kind.typed["phone"]
    assert (found.reads == "date") == are_dates
    assert found.reads != "number"
    assert (splits.features[:, -found.columns :].sum(axis=1) > 0).all()  # each cell says something


def test_what_of_a_column_cannot_be_read_is_counted(frame, tmp_path):
    price = ["1,234.50", *frame["price"][1:]]
    notes = " ".join(load(frame.assign(price=["1.5"] * 5 + price[5:], name=["x" * 600] * N), tmp_path).notes)
    assert "the first 512 characters are read" in notes
    notes = " ".join(load(frame.assign(price=[f"{row}.5" if row % 20 else "12,5" for row in range(N)]), tmp_path).notes)
    assert "cannot be read as a number, such as '12,5'" in notes
    with pytest.raises(InputError, match="it holds no date that can be read"):
        load(frame, tmp_path, reads={"name": "date"})


def test_numbers_that_are_texts_to_records_are_said(tmp_path):
    prices = [f"{number},5{number % 10} €" for number in range(60)]
    pd.DataFrame({"name": [f"n {number}" for number in range(60)], "price": prices}).to_csv(tmp_path / "shop.csv")
    splits = Records(str(tmp_path / "shop.csv"), columns=["name", "price"]).load()
    said = [note for note in splits.notes if "look like numbers" in note]
    assert len(said) == 1
    assert "Column 'price' is read as text" in said[0]
