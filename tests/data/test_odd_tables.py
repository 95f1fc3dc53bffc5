"""Tables as people have them: an index, ids, text that looks like numbers, no header, and what spreadsheets write."""

import numpy as np
import pandas as pd
import pytest

from zoo.data import CategoricalTable, Vectors, WordVectors
from zoo.errors import InputError

ROWS = 120
TABLE = np.random.default_rng(0).normal(size=(ROWS, 5)).round(4)
FRAME = pd.DataFrame(TABLE, columns=list("abcde"))


@pytest.fixture
def write(tmp_path):
    def write(content, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def message(path, source=Vectors, **options):
    with pytest.raises(InputError) as caught:
        source(path, **options).load()
    return str(caught.value)


def reads(path, notes=0, columns="abcde", **options):
    """That exactly the five columns of numbers are read."""
    splits = Vectors(path, **options).load()
    np.testing.assert_allclose(splits.features, TABLE, rtol=1e-6)
    assert splits.kind.column_names == tuple(columns)
    assert len(splits.notes) == notes
    return splits


# Columns of numbers win over text that looks like vectors


@pytest.mark.parametrize(
    "text",
    [
        [f"{row + 1},{row % 1000:03}" for row in range(ROWS)],  # thousands
        [f"{row % 90 + 0.5}, {row % 180 + 0.25}" for row in range(ROWS)],  # coordinates
        [f"044 {row + 100} 52 97" for row in range(ROWS)],  # telephones
        [f"2024-01-{row % 28 + 1:02} 12:00" for row in range(ROWS)],
        [f"[{row}, {row + 1}]" for row in range(ROWS)],  # vectors, but narrower than the numbers are many
        [f"1;{row}" if row % 3 else "" for row in range(ROWS)],
    ],
)
def test_text_that_looks_like_vectors_leaves_the_columns_of_numbers_alone(write, text):
    splits = reads(write(FRAME.assign(about=text).to_csv(index=False)), notes=1)
    assert "Left out 1 column without numbers: 'about'" in splits.notes[0]


def test_columns_that_may_be_keys_or_labels_are_pointed_out(write, tmp_path):
    words = {"name": [f"row {row}" for row in range(ROWS)], "kind": ["ab"[row % 2] for row in range(ROWS)]}
    (note,) = reads(write(FRAME.assign(**words).to_csv(index=False)), notes=1).notes
    wanted = "say data.key_column=name if it names the rows and data.label_column=kind if it holds classes to judge by"
    assert wanted in note
    categories = FRAME.assign(**words).astype({"name": "category", "kind": "category"})
    categories.to_parquet(tmp_path / "t.parquet", index=False)
    assert wanted in reads(str(tmp_path / "t.parquet"), notes=1).notes[0]
    text = FRAME.assign(**words).to_csv(index=False)
    assert "say" not in reads(write(text), notes=1, label_column="kind").notes[0]


def test_marks_between_thousands_are_explained(write):
    splits = reads(write(FRAME.assign(sales=[f"4,{row:03}" for row in range(ROWS)]).to_csv(index=False)), notes=1)
    assert "'4,000' has a mark between thousands; write 4000" in splits.notes[0]


def test_vectors_in_brackets_win_where_they_are_wider_and_the_numbers_left_out_are_noted(write):
    wide = np.arange(ROWS * 8).reshape(ROWS, 8) / 7
    cells = ["[" + ", ".join(map(str, row)) + "]" for row in wide.tolist()]
    splits = Vectors(write(FRAME.assign(v=cells).to_csv(index=False))).load()
    np.testing.assert_allclose(splits.features, wide, rtol=1e-6)
    assert splits.kind.column_names == ()
    assert splits.notes == ("Left out 5 columns of numbers beside the vectors: 'a', 'b', 'c', 'd', 'e'.",)
    few = [cell if row % 3 == 0 else "" for row, cell in enumerate(cells)]  # not most of the file
    reads(write(FRAME.assign(v=few).to_csv(index=False)), notes=1)


def test_text_without_brackets_is_read_as_vectors_when_asked_for(write):
    cells = [" ".join(map(str, row)) for row in TABLE.tolist()]
    path = write(pd.DataFrame({"name": ["x"] * ROWS, "v": cells}).to_csv(index=False))
    assert "the text of column 'v' may be vectors" in message(path)
    assert "say data.vector_column=v" in message(path)
    np.testing.assert_allclose(Vectors(path, vector_column="v").load().features, TABLE, rtol=1e-6)


# No header


def test_a_file_without_a_header_loses_no_row(write):
    splits = reads(write(FRAME.to_csv(index=False, header=False)), notes=1, columns="")
    assert "The first row" in splits.notes[0]
    reads(write(FRAME.to_csv(index=False, header=False)), columns="", header=False)
    reads(write(pd.DataFrame(TABLE).to_csv(index=False)), columns="")  # a header of 0, 1, 2, ..


# An index, and ids


@pytest.mark.parametrize("name", [None, "Unnamed: 0", "index", "customer_id", "CustomerID", "row", "anything"])
@pytest.mark.parametrize("end", ["csv", "parquet"])
def test_an_index_is_left_out_with_a_note(tmp_path, name, end):
    path = str(tmp_path / f"t.{end}")
    frame = FRAME.rename_axis(name)
    frame.to_csv(path) if end == "csv" else frame.set_index(pd.Index(range(ROWS), name=name)).to_parquet(
        path, index=True
    )
    splits = reads(path, notes=1)
    assert "Left out" in splits.notes[0]
    if name not in {None, "Unnamed: 0"}:
        assert Vectors(path, key_column=name).load().keys.tolist() == [str(row) for row in range(ROWS)]
        assert Vectors(path, columns=[name, "a"], allow_constant=True).load().features.shape == (ROWS, 2)


@pytest.mark.parametrize("name", ["id", "user_id", "userId", "nr", "key"])
def test_an_id_is_left_out_with_a_note(tmp_path, name):
    ids = np.random.default_rng(1).permutation(10**12 + 7 * np.arange(ROWS))
    for write, path in ((pd.DataFrame.to_csv, "t.csv"), (pd.DataFrame.to_parquet, "t.parquet")):
        write(FRAME.assign(**{name: ids})[[name, *"abcde"]], tmp_path / path, index=False)
        splits = reads(str(tmp_path / path), notes=1)
        assert f"Left out '{name}' (whole numbers, each once, as an id)" in splits.notes[0]


def test_numbers_that_are_each_there_once_are_trained_on_with_a_note(write):
    badges = np.random.default_rng(1).permutation(10**6 + 7 * np.arange(ROWS))
    path = write(FRAME.assign(badge=badges).to_csv(index=False))
    splits = Vectors(path).load()
    assert splits.kind.column_names == (*"abcde", "badge")
    assert splits.notes[0].startswith("Trained on, though each number is there once, as of ids: 'badge'; if so, name")
    assert not Vectors(path, columns=[*"abcde"]).load().notes
    badges[1] = badges[0]
    assert not Vectors(write(FRAME.assign(badge=badges).to_csv(index=False))).load().notes


def test_whole_numbers_that_are_features_stay(write):
    ages = np.arange(ROWS) % 60
    splits = Vectors(write(FRAME.assign(age=ages, paid=ages * 3 + 1).to_csv(index=False))).load()
    assert splits.features.shape == (ROWS, 7)
    assert splits.notes == ()


def test_categories_are_learnt_without_the_index(tmp_path):
    frame = pd.DataFrame({"colour": ["red", "green"] * 60, "size": ["1", "2", "3"] * 40})
    frame.to_csv(tmp_path / "t.csv")
    splits = CategoricalTable(str(tmp_path / "t.csv")).load()
    assert list(splits.categories) == ["colour", "size"]
    assert any("pandas' index" in note for note in splits.notes)


# What spreadsheets write


def test_marks_decimals_and_encodings_can_be_said(write):
    path = write(FRAME.to_csv(index=False, sep=";", decimal=","))
    assert "say data.delimiter=semicolon data.decimal=comma" in message(path)
    assert "column 'a' holds numbers with a comma before the fraction" in message(path, delimiter=";")
    assert "say data.decimal=comma" in message(path, delimiter=";")
    splits = reads(path, delimiter="semicolon", decimal="comma")
    assert splits.provenance["delimiter"] == ";"
    reads(write(FRAME.to_csv(index=False, sep="\t")), delimiter="tab")
    reads(write(FRAME.to_csv(index=False).encode("utf-16")))
    path = write(FRAME.assign(ort="Z\xfcrich").to_csv(index=False).encode("latin-1"))
    assert "data.encoding=latin-1" in message(path)
    reads(path, notes=1, encoding="latin-1")


def test_numbers_that_float32_takes_for_0_are_refused(write):
    assert "5 columns of 5 hold no number above 1.2e-38" in message(write((FRAME * 1e-40).to_csv(index=False)))
    assert Vectors(write((FRAME * 1e-40).to_csv(index=False)), allow_constant=True).load().features.any()
    assert Vectors(write((FRAME * 1e-30).to_csv(index=False))).load().features.any()


# Words


def words(rows=TABLE, spaces=()):
    return "".join(
        f"{'two words' if row in spaces else 'w'}{row} {' '.join(map(str, numbers))}\n"
        for row, numbers in enumerate(rows)
    )


def test_a_header_that_says_fewer_rows_than_there_are(write, tmp_path):
    splits = WordVectors(write(f"30 5\n{words()}", "t.vec")).load()
    assert splits.features.shape == (ROWS, 5)
    assert splits.notes == ("The first line says 30 vectors, but there are more; all were read.",)
    rows = b"".join(b"w%d " % row + vector.tobytes() for row, vector in enumerate(TABLE.astype("<f4")))
    splits = WordVectors(write(b"30 5\n" + rows, "t.bin")).load()
    assert splits.features.shape == (ROWS, 5)
    assert "The first line says 30 vectors" in splits.notes[0]
    assert "ends with bytes that are no vector, after 120" in message(
        write(b"30 5\n" + rows + b"x 12", "t.bin"), WordVectors
    )


def test_a_byte_order_mark_is_no_part_of_a_key(write):
    for text in (b"\xef\xbb\xbf" + words().encode(), b"\xef\xbb\xbf120 5\n" + words().encode()):
        splits = WordVectors(write(text, "t.txt")).load()
        assert splits.keys[0] == "w0"
        assert splits.features.shape == (ROWS, 5)


def test_keys_with_spaces(write):
    path = write(words(spaces={50, 51}), "t.txt")
    assert "line 51: 6 numbers after the key, expected 5" in message(path, WordVectors)
    assert "say data.token_spaces=true if keys hold spaces" in message(path, WordVectors)
    splits = WordVectors(path, token_spaces=True).load()
    assert splits.keys[50:52].tolist() == ["two words50", "two words51"]
    np.testing.assert_allclose(splits.features, TABLE, rtol=1e-6)


def test_keys_that_utf8_cannot_hold_are_refused_at_reading(tmp_path):
    keys = [f"k{row}" for row in range(ROWS)]
    keys[7] = "caf\udce9"
    np.savez(tmp_path / "t.npz", X=TABLE, keys=keys)
    assert r"the key 'caf\udce9' of row 7 (from 0) is not text" in message(str(tmp_path / "t.npz"))
